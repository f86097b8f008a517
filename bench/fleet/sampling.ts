import { monitorEventLoopDelay } from "node:perf_hooks";
import { now } from "../shared/clock.js";
import type { Sample } from "./operations.js";

/** How often the delay of the event loop is looked at, in milliseconds. It is part of each delay. */
const RESOLUTION_MS = 10;

export interface Sampling {
  sample(): Sample;
  end(): void;
}

/** @param busLag - of the last round trip through the broker */
export function startSampling(busLag: () => number | null): Sampling {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const milliseconds = (nanoseconds: number) => Math.max(0, Math.round(nanoseconds / 1e4) / 100 - RESOLUTION_MS);
  return {
    sample: () => {
      const { rss, heapUsed, external } = process.memoryUsage();
      const loopLagP99 = milliseconds(delays.percentile(99));
      const loopLagMax = milliseconds(delays.max);
      delays.reset();
      const handles = process.getActiveResourcesInfo().length;
      return { at: now(), rss, heapUsed, external, handles, loopLagP99, loopLagMax, busLag: busLag() };
    },
    end: () => delays.disable(),
  };
}
