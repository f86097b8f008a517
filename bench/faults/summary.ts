import type { Figures } from "./figures.js";
import { failures, worst } from "./verdict.js";

/** Of several runs, in milliseconds; infinite means never. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Several runs of one fault in one direction: the times as medians with their spread, losses as in the worst run. */
export interface Summary {
  readonly runs: number;
  /** Of the worst run, but with the most of each run that must not happen. */
  readonly figures: Figures;
  readonly lasted: Spread;
  readonly flowsAfter: Spread;
  readonly longestGap: Spread;
  /** The requirements that were not met in every run. */
  readonly failures: readonly string[];
}

export function spread(times: readonly (number | undefined)[]): Spread {
  const sorted = times.map((time) => time ?? Number.POSITIVE_INFINITY).sort((one, other) => one - other);
  const at = (index: number) => sorted[index] as number;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** @param heartbeat - the interval of the hosts, in milliseconds */
export function summarize(runs: readonly [Figures, ...Figures[]], heartbeat: number): Summary {
  const most = (value: (figures: Figures) => number) => Math.max(...runs.map(value));
  return {
    runs: runs.length,
    figures: {
      ...worst(runs, heartbeat),
      lost: most(({ lost }) => lost),
      notListening: most(({ notListening }) => notListening),
      doubled: most(({ doubled }) => doubled),
      outOfOrder: most(({ outOfOrder }) => outOfOrder),
    },
    lasted: spread(runs.map(({ lasted }) => lasted)),
    flowsAfter: spread(runs.map(({ flowsAfter }) => flowsAfter)),
    longestGap: spread(runs.map(({ longestGap }) => longestGap)),
    failures: [...new Set(runs.flatMap((figures) => failures(figures, heartbeat)))],
  };
}
