import { type Spread, spread } from "../summary.js";
import type { EdgeFigures } from "./figures.js";
import { edgeFailures } from "./verdict.js";

/** Several runs of one fault: times with their spread, and the most of each loss. */
export interface EdgeSummary {
  readonly runs: number;
  /** Of the run that went worst, but with the most of each run that must not happen. */
  readonly figures: EdgeFigures;
  readonly lasted: Spread;
  readonly steadyWait: Spread;
  readonly longestWait: Spread;
  readonly longestAway: Spread;
  /** The requirements that were not met in every run. */
  readonly failures: readonly string[];
}

const COUNTS = [
  "failedElsewhere",
  "lost",
  "twice",
  "outOfOrder",
  "overtaken",
  "emitsLost",
  "disconnected",
  "disconnectedElsewhere",
  "unsettled",
] as const;

const failedOf = ({ failed }: EdgeFigures): number => Object.values(failed).reduce((sum, count) => sum + count, 0);

/** One with more missed requirements, else with more failed acknowledgements, else the slower one. */
function worse(one: EdgeFigures, other: EdgeFigures): EdgeFigures {
  const badness = (figures: EdgeFigures) => [edgeFailures(figures).length, failedOf(figures), figures.longestWait];
  const [ofOne, ofOther] = [badness(one), badness(other)];
  const index = ofOne.findIndex((value, at) => value !== ofOther[at]);
  return index >= 0 && (ofOther[index] as number) > (ofOne[index] as number) ? other : one;
}

export function summarizeEdge(runs: readonly [EdgeFigures, ...EdgeFigures[]]): EdgeSummary {
  const most = Object.fromEntries(COUNTS.map((name) => [name, Math.max(...runs.map((run) => run[name]))]));
  return {
    runs: runs.length,
    figures: { ...runs.reduce(worse), ...most },
    lasted: spread(runs.map(({ lasted }) => lasted)),
    steadyWait: spread(runs.map(({ steadyWait }) => steadyWait)),
    longestWait: spread(runs.map(({ longestWait }) => longestWait)),
    longestAway: spread(runs.map(({ longestAway }) => longestAway)),
    failures: [...new Set(runs.flatMap(edgeFailures))],
  };
}
