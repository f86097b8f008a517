import { type FigureName, type RecordedRun, ratiosOf, type Subject } from "./figures.js";
import type { SystemName } from "./systems.js";
import { type Summary, summarize } from "./statistics.js";

/** What is required of the bridge: a ratio of two figures of one run. */
export interface Requirement {
  readonly title: string;
  readonly figure: FigureName;
  readonly one: Subject;
  readonly other: Subject;
  /** The ratio's median may be no more; undefined where it is shown and not judged. */
  readonly limit: number | undefined;
}

const of = (name: string, system: SystemName = "bridge"): Subject => ({ case: name, system });

function against(system: SystemName, name: string, title: string, limit?: number): Requirement {
  return { title, figure: "cpuPerMessage", one: of(name), other: of(name, system), limit };
}

export const BAR: readonly Requirement[] = [
  against("redis-adapter", "100b", "against redis-adapter, 1 recipient, 100 B", 0.9),
  against("redis-adapter", "1kb", "against redis-adapter, 1 recipient, 1 KB", 0.5),
  against("redis-adapter", "64kb", "against redis-adapter, 1 recipient, 64 KB", 0.3),
  against("redis-adapter", "100-recipients", "against redis-adapter, 100 recipients, 1 KB", 0.9),
  against("redis-adapter", "no-member", "against redis-adapter, room with no member, 1 KB", 0.9),
  against("redis-adapter", "no-member-64kb", "against redis-adapter, room with no member, 64 KB", 0.75),
  against("floor", "steady-1kb", "against the floor, 1 recipient, 1 KB, one by one", 2),
  against("floor", "steady-64kb", "against the floor, 1 recipient, 64 KB, one by one", 3),
  against("python-async", "1kb", "against python-socketio AsyncServer, 1 recipient, 1 KB", 0.2),
  {
    title: "p99 latency at half load against redis-adapter",
    figure: "p99",
    ...{ one: of("half-load"), other: of("half-load", "redis-adapter"), limit: 1 },
  },
  {
    title: "resident memory per client against plain socket.io",
    figure: "rss",
    ...{ one: of("memory"), other: of("memory", "plain"), limit: 1.02 },
  },
  {
    title: "100,000 rooms on the host against 10",
    figure: "cpuPerMessage",
    ...{ one: of("100000-rooms"), other: of("10-rooms"), limit: 1.05 },
  },
  {
    title: "JavaScript's objects per client against plain socket.io",
    figure: "heap",
    ...{ one: of("memory"), other: of("memory", "plain"), limit: undefined },
  },
  against("redis-adapter", "steady-1kb", "against redis-adapter, 1 recipient, 1 KB, one by one"),
  against("redis-adapter", "steady-64kb", "against redis-adapter, 1 recipient, 64 KB, one by one"),
  against("redis-adapter", "steady-no-member", "against redis-adapter, room with no member, 1 KB, one by one"),
  against("redis-adapter", "steady-no-member-64kb", "against redis-adapter, room with no member, 64 KB, one by one"),
  against("floor", "steady-no-member", "against the floor, room with no member, 1 KB, one by one"),
  against("floor", "steady-no-member-64kb", "against the floor, room with no member, 64 KB, one by one"),
  against("floor", "1kb", "against the floor, 1 recipient, 1 KB, at saturation"),
  against("floor", "64kb", "against the floor, 1 recipient, 64 KB, at saturation"),
  against("floor", "no-member", "against the floor, room with no member, 1 KB, at saturation"),
  against("floor", "no-member-64kb", "against the floor, room with no member, 64 KB, at saturation"),
];

/** Quartiles further apart than this tell nothing, in shares of the median; latency at its far end varies more. */
const MAX_SPREAD: Readonly<Partial<Record<FigureName, number>>> = { p99: 0.6 };
const USUAL_MAX_SPREAD = 0.2;

export interface Judgement {
  readonly requirement: Requirement;
  readonly ratio: Summary;
  /** Undefined where nothing is required. */
  readonly isMet: boolean | undefined;
  readonly isTooWide: boolean;
}

/**
 * The rows of the bar that were measured.
 *
 * @param leniency - what limits are multiplied with
 */
export function judge(runs: readonly RecordedRun[], leniency = 1): readonly Judgement[] {
  return BAR.flatMap((requirement) => {
    const { one, other, figure, limit } = requirement;
    const ratio = summarize(ratiosOf(runs, one, other, figure));
    if (ratio === undefined) {
      return [];
    }
    const isMet = limit === undefined ? undefined : ratio.median <= limit * leniency;
    const isTooWide = limit !== undefined && ratio.spread > (MAX_SPREAD[figure] ?? USUAL_MAX_SPREAD);
    return [{ requirement: { ...requirement, limit: limit && limit * leniency }, ratio, isMet, isTooWide }];
  });
}
