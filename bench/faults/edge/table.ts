import { bold, dim, green, red } from "../../../src/util/terminal-style.js";
import { markdownTable } from "../../shared/markdown.js";
import { seconds } from "../table.js";
import { EDGE_FAULT_TITLES, type EdgeFaultName } from "./names.js";
import type { EdgeSummary } from "./summary.js";

/** How long these take is not up to the edge, so it is shown. */
const SHOWS_TIME: Readonly<Partial<Record<EdgeFaultName, string>>> = {
  "edge-reload": "replaced after",
  "edge-restart": "away",
  "edge-worker-killed": "replaced after",
  "edge-redis": "away",
};

function titleOf({ figures: { fault }, lasted }: EdgeSummary): string {
  const words = SHOWS_TIME[fault];
  return words === undefined ? EDGE_FAULT_TITLES[fault] : `${EDGE_FAULT_TITLES[fault]}, ${words} ${seconds(lasted)}`;
}

function failedOf({ figures: { failed } }: EdgeSummary): string {
  const reasons = Object.entries(failed).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length === 0 ? "0" : reasons.join(", ");
}

function disconnectedOf({ figures: { disconnected }, longestAway }: EdgeSummary): string {
  return disconnected === 0 ? "0" : `${disconnected}, for ${seconds(longestAway)}`;
}

function handlersOf({ figures: { disconnectHandlers } }: EdgeSummary): string {
  if (disconnectHandlers === undefined) {
    return "";
  }
  const { run, expected, twice } = disconnectHandlers;
  return `${run} of ${expected}${twice > 0 ? `, ${twice} twice` : ""}`;
}

const COLUMNS: readonly { readonly title: string; readonly value: (summary: EdgeSummary) => string }[] = [
  { title: "sent", value: ({ figures }) => String(figures.sent) },
  { title: "answered", value: ({ figures }) => String(figures.answered) },
  { title: "failed", value: failedOf },
  { title: "lost", value: ({ figures }) => String(figures.lost) },
  { title: "twice", value: ({ figures }) => String(figures.twice) },
  { title: "out of order", value: ({ figures }) => String(figures.outOfOrder) },
  { title: "emits lost", value: ({ figures }) => String(figures.emitsLost) },
  { title: "disconnected", value: disconnectedOf },
  { title: "`disconnect` handlers", value: handlersOf },
  { title: "wait before", value: ({ steadyWait }) => seconds(steadyWait) },
  { title: "longest wait", value: ({ longestWait }) => seconds(longestWait) },
];

/** For the terminal: a line for the fault, and one with its figures. */
export function edgeTerminalRow(row: EdgeSummary): string {
  const cells = COLUMNS.map(({ title, value }) => [title.replaceAll("`", ""), value(row)] as const)
    .filter(([, value]) => value !== "")
    .map(([title, value]) => `${dim(title)} ${value}`);
  const runs = row.runs === 1 ? "" : dim(`, ${row.runs} runs: medians of times, the most of each loss`);
  const verdict = row.failures.length === 0 ? green("ok") : red(`FAIL: ${row.failures.join(", ")}`);
  return `${bold(`The edge, ${titleOf(row)}`)}${runs}\n  ${cells.join("  ")}  ${verdict}`;
}

/** For a page. */
export function edgeTable(rows: readonly EdgeSummary[]): string {
  const columns = ["fault", ...COLUMNS.map(({ title }) => title), ""];
  const body = rows.map((row) => [
    titleOf(row),
    ...COLUMNS.map(({ value }) => value(row)),
    row.failures.length === 0 ? "ok" : `**${row.failures.join(", ")}**`,
  ]);
  const isText = (column: number) => column === 0 || column === columns.length - 1;
  return markdownTable({ columns, rows: body, alignment: (column) => (isText(column) ? "left" : "right") });
}
