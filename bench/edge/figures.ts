import { type Summary, summarize } from "../speed/statistics.js";
import type { ContenderName } from "./contenders.js";

export const MEASURE_NAMES = ["echo", "query", "fan-out", "idle", "redeploy"] as const;
export type MeasureName = (typeof MEASURE_NAMES)[number];

/** What is shown of a figure. */
interface Shown {
  readonly title: string;
  readonly unit: string;
  readonly measure: MeasureName;
}

export const FIGURES = {
  echoRate: { title: "echoes, 1/s", unit: "1/s", measure: "echo" },
  p50: { title: "p50 of one client, ms", unit: "ms", measure: "echo" },
  p99: { title: "p99 of one client, ms", unit: "ms", measure: "echo" },
  queryRate: { title: "echoes that wait 10 ms, 1/s", unit: "1/s", measure: "query" },
  slowQueryRate: { title: "echoes that wait 100 ms, 1/s", unit: "1/s", measure: "query" },
  cpuPerDelivery: { title: "CPU per delivery of a 1 KB emit, µs", unit: "µs", measure: "fan-out" },
  cpuPerBurstDelivery: { title: "the same, four emits at once, µs", unit: "µs", measure: "fan-out" },
  emitRate: { title: "emits to all, 1/s", unit: "1/s", measure: "fan-out" },
  memoryPerClient: { title: "memory per idle client, KiB", unit: "KiB", measure: "idle" },
  connectRate: { title: "clients accepted, 1/s", unit: "1/s", measure: "idle" },
  dropped: { title: "clients dropped by a redeploy, %", unit: "%", measure: "redeploy" },
  lost: { title: "events lost by a redeploy, %", unit: "%", measure: "redeploy" },
} as const satisfies Readonly<Record<string, Shown>>;

export type FigureName = keyof typeof FIGURES;
export const FIGURE_NAMES = Object.keys(FIGURES) as readonly FigureName[];

export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** One contender, measured once. */
export interface Run {
  readonly measure: MeasureName;
  readonly contender: ContenderName;
  readonly round: number;
  readonly figures: Figures;
}

/** The values of a figure in all rounds. */
export function valuesOf(runs: readonly Run[], contender: ContenderName, figure: FigureName): readonly number[] {
  return runs.filter((run) => run.contender === contender).flatMap(({ figures }) => figures[figure] ?? []);
}

export const summaryOf = (runs: readonly Run[], contender: ContenderName, figure: FigureName): Summary | undefined =>
  summarize(valuesOf(runs, contender, figure));

/** The values of a figure of two contenders in the same round, for each round that has both. */
export function pairsOf(
  runs: readonly Run[],
  one: ContenderName,
  other: ContenderName,
  figure: FigureName,
): readonly (readonly [one: number, other: number])[] {
  const rounds = [...new Set(runs.map(({ round }) => round))];
  return rounds.flatMap((round) => {
    const own = runs.filter((run) => run.round === round);
    const [[a], [b]] = [valuesOf(own, one, figure), valuesOf(own, other, figure)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
}
