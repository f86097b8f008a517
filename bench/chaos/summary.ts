import type { BusName } from "../faults/names.js";
import type { Announcement, Pair } from "./judge.js";
import type { ChaosRun } from "./run.js";

/** A run in figures. Deliveries are messages times the clients that should get them. */
export interface Summary extends Pick<Pair, "expected" | "received" | "announced" | "silent" | "doubled"> {
  readonly bus: BusName;
  readonly seed: number;
  readonly minutes: number;
  readonly rate: number;
  readonly faults: number;
  /** How much the judgement found wrong, silent losses included. */
  readonly failures: number;
}

export function summaryOf({ bus, seed, minutes, rate, pairs, deeds, failures }: ChaosRun): Summary {
  const sum = (of: (pair: Pair) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
  const announced: Partial<Record<Announcement, number>> = {};
  for (const pair of pairs) {
    for (const [what, count] of Object.entries(pair.announced) as [Announcement, number][]) {
      announced[what] = (announced[what] ?? 0) + count;
    }
  }
  return {
    ...{ bus, seed, minutes, rate },
    expected: sum(({ expected }) => expected),
    received: sum(({ received }) => received),
    announced,
    silent: sum(({ silent }) => silent),
    doubled: sum(({ doubled }) => doubled),
    faults: deeds.length,
    failures: failures.length,
  };
}
