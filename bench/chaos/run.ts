import { setTimeout as pause } from "node:timers/promises";
import type { BusName } from "../faults/names.js";
import { receivedLines } from "../fleet/client.js";
import { type Fleet, startFleet } from "../fleet/fleet.js";
import type { MemberSettings } from "../fleet/member.js";
import { now } from "../shared/clock.js";
import type { Progress } from "../shared/progress.js";
import { type Failure, type Judgement, judge } from "./judge.js";
import { evidenceOf } from "./observe.js";
import { type Deed, perform } from "./perform.js";
import { type Schedule, scheduleOf } from "./schedule.js";
import { settle } from "./settle.js";
import { storyAt } from "./story.js";

export interface ChaosOptions {
  readonly bus: BusName;
  readonly seed: number;
  readonly minutes: number;
  /** Mean number of emits a second. */
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly progress: Pick<Progress, "phase" | "watch">;
  /** Aborted when the run is to be given up. */
  readonly signal: AbortSignal;
  /** Registers what must run if it is interrupted. */
  cleanUpAtEnd(cleanup: () => Promise<void>): unknown;
  /** @default what the seed says */
  readonly schedule?: Schedule;
  /** A message that a host is made to lose, which the judgement must find. */
  readonly swallow?: MemberSettings["swallow"];
}

/** One run. Times are in milliseconds from its start. */
export interface ChaosRun extends Judgement {
  readonly bus: BusName;
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly deeds: readonly Deed[];
  readonly statuses: readonly { readonly member: string; readonly at: number; readonly text: string }[];
}

const MINUTE_MS = 60_000;

/** Lines after the last message are still on their way from the processes. */
const LAST_LINES_MS = 500;

/** Lines for the display: the messages so far, and the faults at the moment. */
function display({ clients }: Fleet, deeds: readonly Deed[]): readonly string[] {
  const current = deeds.filter(({ to }) => to === Number.POSITIVE_INFINITY);
  return [...receivedLines("", clients), ...current.map(({ text }) => `  ${text}`)];
}

/** @throws Error when a process cannot be started */
export async function runChaos(options: ChaosOptions): Promise<ChaosRun> {
  const { bus, seed, minutes, rate, heartbeatInterval, progress, signal, cleanUpAtEnd, swallow } = options;
  const length = minutes * MINUTE_MS;
  const schedule = options.schedule ?? scheduleOf({ bus, seed, length, rate });
  progress.phase(`starting ${schedule.members.length} processes`);
  const fleet = await startFleet(
    { bus, members: schedule.members, heartbeatInterval, ...(swallow === undefined ? {} : { swallow }) },
    cleanUpAtEnd,
  );
  try {
    progress.phase(`seed ${seed}, ${minutes} min`);
    const start = now();
    let deeds: readonly Deed[] = [];
    progress.watch(() => display(fleet, deeds));
    const performance = await perform(fleet, schedule, signal, (all) => {
      deeds = all;
    });
    progress.phase("waiting for the last messages");
    const unsettled = await settle(fleet, signal);
    await pause(LAST_LINES_MS);
    progress.phase("accounting for every message");
    const { pairs, failures } = judge(evidenceOf(bus, fleet, performance));
    const other = unsettled.map((text): Failure => ({ kind: "other", text, numbers: [] }));
    return {
      ...{ bus, seed, minutes, rate, heartbeatInterval, pairs },
      ...relativeTo(start, fleet, performance.deeds, [...other, ...failures]),
    };
  } finally {
    await fleet.end();
  }
}

/** Times of the report count from the start of the run. */
function relativeTo(
  start: number,
  { members }: Fleet,
  deeds: readonly Deed[],
  failures: readonly Failure[],
): Pick<ChaosRun, "deeds" | "statuses" | "failures"> {
  const since = (at: number) => Math.round(at - start);
  return {
    failures: failures.map(({ at, stories, ...failure }) => ({
      ...failure,
      ...(at === undefined ? {} : { at: since(at) }),
      ...(stories === undefined ? {} : { stories: stories.map((story) => storyAt(story, since)) }),
    })),
    deeds: deeds.map(({ from, to, text }) => ({ from: since(from), to: since(to), text })),
    statuses: members.flatMap(({ name, statuses }) =>
      statuses.map(({ type, at, error, reason, count }) => {
        const details = [error, reason === undefined ? undefined : `${count} (${reason})`].filter(Boolean);
        return { member: name, at: since(at), text: [type, ...details].join(": ") };
      }),
    ),
  };
}
