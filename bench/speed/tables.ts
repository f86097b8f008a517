import { bold, dim, green, red } from "../../src/util/terminal-style.js";
import { markdownTable } from "../shared/markdown.js";
import { CASES, type Case } from "./cases.js";
import { FIGURES, type FigureName, type RecordedRun, runsOf, summaryOf } from "./figures.js";
import type { Soak } from "./soak.js";
import type { Summary } from "./statistics.js";
import { SYSTEM_NAMES, SYSTEM_TITLES, type SystemName } from "./systems.js";
import type { Judgement } from "./targets.js";

/** A table for the terminal and for the page. The first column names the row. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const THOUSANDS = new Intl.NumberFormat("en");

/** Three significant digits, or all integer digits of a larger number. */
export function number(value: number): string {
  return value >= 100 ? THOUSANDS.format(Math.round(value)) : String(Number(value.toPrecision(3)));
}

const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const cell = (summary: Summary | undefined): string => (summary === undefined ? "" : number(summary.median));

/** A row for each case, a column for each system. */
function matrix(
  runs: readonly RecordedRun[],
  title: string,
  figure: FigureName,
  cases: readonly Case[],
): readonly Table[] {
  const rows = cases.filter(({ name }) => runs.some((run) => run.case === name));
  const systems = SYSTEM_NAMES.filter((system) =>
    rows.some(({ name }) => summaryOf(runs, { case: name, system }, figure) !== undefined),
  );
  const body = rows.map(({ name, title: caseTitle }) => [
    caseTitle,
    ...systems.map((system) => cell(summaryOf(runs, { case: name, system }, figure))),
  ]);
  const columns = ["", ...systems.map((system) => SYSTEM_TITLES[system])];
  return body.length === 0 ? [] : [{ title, columns, rows: body }];
}

/** A row for each system, a column for each figure, of one case. */
function bySystem(
  runs: readonly RecordedRun[],
  title: string,
  name: string,
  figures: readonly FigureName[],
): readonly Table[] {
  const systems = SYSTEM_NAMES.filter((system) => runsOf(runs, { case: name, system }).length > 0);
  const columns = ["", ...figures.map((figure) => `${FIGURES[figure].title}, ${FIGURES[figure].unit}`)];
  const rows = systems.map((system) => [
    SYSTEM_TITLES[system],
    ...figures.map((figure) => cell(summaryOf(runs, { case: name, system }, figure))),
  ]);
  return rows.length === 0 ? [] : [{ title, columns, rows }];
}

function deliveryTable(runs: readonly RecordedRun[]): readonly Table[] {
  const rows = SYSTEM_NAMES.flatMap((system: SystemName) => {
    const own = runs.filter((run) => run.kind === "traffic" && run.system === system);
    const sum = (value: "sent" | "delivered" | "expected" | "lost" | "doubled") =>
      own.reduce((total, run) => total + (run.kind === "traffic" ? run[value] : 0), 0);
    return own.length === 0
      ? []
      : [
          [
            SYSTEM_TITLES[system],
            number(sum("sent")),
            number(sum("delivered")),
            sum("expected") === 0 ? "" : `${(100 * sum("delivered")) / sum("expected")} %`,
            String(sum("lost")),
            String(sum("doubled")),
          ],
        ];
  });
  const columns = ["", "messages sent", "deliveries", "share delivered", "lost", "doubled"];
  return rows.length === 0 ? [] : [{ title: "Delivery", columns, rows }];
}

const MIB = 2 ** 20;

function soakTable(soaks: readonly Soak[]): readonly Table[] {
  const rows = soaks.map(({ system, minutes, sent, lost, before, after }) => [
    SYSTEM_TITLES[system],
    String(minutes),
    number(sent),
    String(lost),
    (before.rss / MIB).toFixed(1),
    (after.rss / MIB).toFixed(1),
    before.heap === null || after.heap === null ? "" : ((after.heap - before.heap) / MIB).toFixed(2),
  ]);
  const columns = ["", "minutes", "messages", "lost", "MiB before", "MiB after", "growth of JavaScript objects, MiB"];
  return rows.length === 0 ? [] : [{ title: "Memory under traffic", columns, rows }];
}

const ofKind = (...kinds: readonly string[]): readonly Case[] =>
  CASES.filter(({ drive }) => kinds.includes(drive.kind));

/** All tables except the targets, as far as they were measured. Medians of all repeats. */
export function tablesOf(runs: readonly RecordedRun[], soaks: readonly Soak[]): readonly Table[] {
  const many = CASES.filter(({ recipients }) => recipients > 1);
  return [
    ...matrix(runs, "Server CPU per message, µs", "cpuPerMessage", ofKind("saturated", "steady")),
    ...matrix(runs, "Server CPU per delivery, µs", "cpuPerDelivery", many),
    ...matrix(runs, "Throughput at saturation, messages a second", "throughput", ofKind("saturated")),
    ...bySystem(runs, "Latency at half load, 1 KB", "half-load", ["throughput", "p50", "p99", "p999"]),
    ...bySystem(runs, "Latency at 2,000 messages a second, 1 KB", "steady-1kb", ["p50", "p99", "p999"]),
    ...bySystem(runs, "Memory per connected client", "memory", ["rss", "heap"]),
    ...soakTable(soaks),
    ...deliveryTable(runs),
  ];
}

const VERDICTS = { met: "met", missed: "missed", unjudged: "", wide: "spread too wide" } as const;

function verdictOf({ isMet, isTooWide }: Judgement): string {
  const verdict = isMet === undefined ? VERDICTS.unjudged : isMet ? VERDICTS.met : VERDICTS.missed;
  return isTooWide ? `${verdict}, ${VERDICTS.wide}` : verdict;
}

export function targetTable(judgements: readonly Judgement[]): Table {
  return {
    title: "The bar",
    columns: ["the bridge's …", "at most", "measured", "spread", ""],
    rows: judgements.map((judgement) => {
      const { target, ratio } = judgement;
      return [
        target.title,
        target.limit === undefined ? "" : target.limit.toFixed(2),
        ratio.median.toFixed(2),
        percent(ratio.spread),
        verdictOf(judgement),
      ];
    }),
  };
}

/** Missed targets, and those whose spread is too wide, are red. */
export function terminalTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) => (index === 0 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join("  ");
  const colour = (row: readonly string[]) => {
    const verdict = row.at(-1) ?? "";
    if (verdict.startsWith(VERDICTS.missed) || verdict.endsWith(VERDICTS.wide)) {
      return red;
    }
    return verdict === VERDICTS.met ? green : (text: string) => text;
  };
  return [bold(title), dim(line(columns)), ...rows.map((row) => colour(row)(line(row)))].join("\n");
}

export function pageTable({ columns, rows }: Table): string {
  const emphasized = rows.map((row) =>
    row.map((text, index) => (index > 0 && text.startsWith(VERDICTS.missed) ? `**${text}**` : text)),
  );
  return markdownTable({ columns, rows: emphasized, alignment: (column) => (column === 0 ? "left" : "right") });
}
