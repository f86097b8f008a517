import { caseOf } from "./cases.js";
import type { MemoryRun, Run, TrafficRun } from "./measure.js";
import { type Summary, summarize } from "./statistics.js";
import type { SystemName } from "./systems.js";

/** A run, and what it measured. */
export type RecordedRun = Run & {
  readonly case: string;
  readonly system: SystemName;
  /** Counts from 1. Runs of the same repeat were made within minutes, and are compared with each other. */
  readonly repeat: number;
};

/** What can be computed from a run; the tables have the titles. */
export const FIGURES = {
  cpuPerMessage: { title: "CPU per message", unit: "µs", value: traffic((run) => (run.serverCpu * 1_000) / run.sent) },
  cpuPerDelivery: {
    title: "CPU per delivery",
    unit: "µs",
    value: traffic((run) => (run.delivered === 0 ? undefined : (run.serverCpu * 1_000) / run.delivered)),
  },
  throughput: { title: "throughput", unit: "messages/s", value: traffic((run) => (run.sent * 1_000) / run.elapsed) },
  p50: { title: "p50", unit: "ms", value: traffic((run) => run.p50 / 1_000) },
  p99: { title: "p99", unit: "ms", value: traffic((run) => run.p99 / 1_000) },
  p999: { title: "p99.9", unit: "ms", value: traffic((run) => run.p999 / 1_000) },
  rss: { title: "resident", unit: "KiB", value: memory((run) => run.rssPerClient / 1_024) },
  heap: {
    title: "of it JavaScript objects",
    unit: "KiB",
    value: memory((run) => (run.heapPerClient === null ? undefined : run.heapPerClient / 1_024)),
  },
} as const satisfies Record<string, Figure>;

export interface Figure {
  readonly title: string;
  readonly unit: string;
  value(run: Run): number | undefined;
}

export type FigureName = keyof typeof FIGURES;

function traffic(value: (run: TrafficRun) => number | undefined): (run: Run) => number | undefined {
  return (run) => (run.kind === "traffic" ? value(run) : undefined);
}

function memory(value: (run: MemoryRun) => number | undefined): (run: Run) => number | undefined {
  return (run) => (run.kind === "memory" ? value(run) : undefined);
}

/** What a figure belongs to. */
export interface Subject {
  readonly case: string;
  readonly system: SystemName;
}

export const runsOf = (runs: readonly RecordedRun[], subject: Subject): readonly RecordedRun[] =>
  runs.filter((run) => run.case === subject.case && run.system === subject.system);

/** The figure over all repeats; undefined if it was not measured. */
export function summaryOf(runs: readonly RecordedRun[], subject: Subject, figure: FigureName): Summary | undefined {
  const values = runsOf(runs, subject).map((run) => FIGURES[figure].value(run));
  return summarize(values.filter((value) => value !== undefined));
}

/** The ratio of two figures in each repeat that has both. */
export function ratiosOf(
  runs: readonly RecordedRun[],
  one: Subject,
  other: Subject,
  figure: FigureName,
): readonly number[] {
  return runsOf(runs, one).flatMap((run) => {
    const counterpart = runsOf(runs, other).find(({ repeat }) => repeat === run.repeat);
    const [above, below] = [FIGURES[figure].value(run), counterpart && FIGURES[figure].value(counterpart)];
    return above === undefined || below === undefined || below === 0 ? [] : [above / below];
  });
}

/** If the load uses more than this share of a processor, it is the bottleneck. */
const MAX_LOAD_SHARE = 0.85;

const share = (part: number, whole: number): string => `${Math.round((part / whole) * 100)} %`;

/** Why a run is invalid, in words; empty if it is valid. */
export function flawsOf(run: Run): readonly string[] {
  if (run.kind === "memory") {
    return [];
  }
  const { sent, lost, doubled, outOfOrder, cpu, elapsed } = run;
  return [
    sent === 0 && "nothing was sent",
    lost > 0 && `${lost} lost`,
    doubled > 0 && `${doubled} doubled`,
    outOfOrder > 0 && `${outOfOrder} out of order`,
    cpu / elapsed > MAX_LOAD_SHARE && `the load was busy for ${share(cpu, elapsed)} of the time`,
  ].filter((flaw) => typeof flaw === "string");
}

/** The flaws of all runs, each with its run. */
export function allFlaws(runs: readonly RecordedRun[]): readonly string[] {
  return runs.flatMap((run) =>
    flawsOf(run).map((flaw) => `${run.system}, ${caseOf(run.case).title}, repeat ${run.repeat}: ${flaw}`),
  );
}
