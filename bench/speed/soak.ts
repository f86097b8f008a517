import { caseOf, windowOf } from "./cases.js";
import { recordingsOf } from "./measure.js";
import type { Recorder } from "./recording.js";
import type { LoadRun } from "./sender.js";
import { type Memory, Session, type Setting } from "./session.js";
import type { SystemName } from "./systems.js";

export const SOAK_SYSTEMS: readonly SystemName[] = ["bridge", "redis-adapter"];

const MINUTES = 10;
const MINUTE_MS = 60_000;
const RECIPIENTS = 100;
/** Until memory use is stable. */
const WARM_UP_MS = 30_000;
const TRIAL_MS = 2_000;

/** Minutes of traffic at half load, and the memory of the process before and after, each after a garbage collection. */
export interface Soak extends LoadRun {
  readonly system: SystemName;
  readonly minutes: number;
  readonly before: Memory;
  readonly after: Memory;
}

export async function measureSoak(setting: Setting, recorder: Recorder): Promise<Soak> {
  const { system } = setting;
  const measured = { ...caseOf("1kb"), recipients: RECIPIENTS };
  const session = await Session.open(setting, measured, await recordingsOf(recorder, system, measured));
  try {
    const window = windowOf(measured);
    const { sent, elapsed } = await session.load.run({ op: "saturate", time: TRIAL_MS, window });
    const rate = (sent / elapsed) * 1_000 * 0.5;
    await session.load.run({ op: "pace", time: WARM_UP_MS, rate });
    const before = await session.server.memory();
    const run = await session.load.run({ op: "pace", time: MINUTES * MINUTE_MS, rate });
    return { ...run, system, minutes: MINUTES, before, after: await session.server.memory() };
  } finally {
    await session.end();
  }
}
