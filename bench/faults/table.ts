import { bold, dim, green, red } from "../../src/util/terminal-style.js";
import { markdownTable } from "../shared/markdown.js";
import { BUS_TITLES, FAILOVER_TITLES, FAULT_TITLES } from "./names.js";
import type { Spread, Summary } from "./summary.js";

const inSeconds = (time: number): string => (Number.isFinite(time) ? (time / 1_000).toFixed(2) : "never");

const withUnit = (time: number): string => (Number.isFinite(time) ? `${inSeconds(time)} s` : "never");

/** The median; of several runs, the least and the most too. */
export const seconds = ({ median, min, max }: Spread): string =>
  min === max ? withUnit(median) : `${withUnit(median)} (${inSeconds(min)}–${inSeconds(max)})`;

/** How long a broker takes to start, or a cluster to agree, is not up to us, so it is shown. */
function faultTitle({ figures: { bus, fault }, lasted }: Summary): string {
  if (fault === "failover") {
    return `${FAILOVER_TITLES[bus]}, replaced after ${seconds(lasted)}`;
  }
  return fault === "restart" ? `${FAULT_TITLES[fault]}, away ${seconds(lasted)}` : FAULT_TITLES[fault];
}

const COLUMNS: readonly { readonly title: string; readonly value: (summary: Summary) => string }[] = [
  { title: "sent", value: ({ figures }) => String(figures.sent) },
  { title: "accepted", value: ({ figures }) => String(figures.accepted) },
  { title: "received", value: ({ figures }) => String(figures.received) },
  { title: "lost", value: ({ figures }) => String(figures.lost) },
  { title: "not listening", value: ({ figures }) => String(figures.notListening) },
  { title: "doubled", value: ({ figures }) => String(figures.doubled) },
  { title: "out of order", value: ({ figures }) => String(figures.outOfOrder) },
  { title: "flows after", value: ({ flowsAfter }) => seconds(flowsAfter) },
  { title: "longest gap", value: ({ longestGap }) => seconds(longestGap) },
];

const DIRECTION_WIDTH = 22;

/** The heading for the rows of `terminalRows`. */
export function terminalHeading(): string {
  return dim(" ".repeat(DIRECTION_WIDTH) + COLUMNS.map(({ title }) => `  ${title}`).join(""));
}

export function terminalRows(rows: readonly Summary[]): string {
  const [first] = rows;
  if (first === undefined) {
    return "";
  }
  const { figures, runs } = first;
  const title =
    bold(`${BUS_TITLES[figures.bus]}, ${faultTitle(first)}`) +
    (runs === 1 ? "" : dim(`, ${runs} runs: medians of times, the most of each loss`));
  return [title, ...rows.map(terminalRow)].join("\n");
}

function terminalRow(row: Summary): string {
  const { figures, failures } = row;
  const cells = COLUMNS.map(({ title, value }) => `  ${value(row).padStart(title.length)}`);
  const verdict = failures.length === 0 ? green("ok") : red(`FAIL: ${failures.join(", ")}`);
  return `${`  ${figures.direction}`.padEnd(DIRECTION_WIDTH)}${cells.join("")}  ${verdict}`;
}

/** For a page. A row leaves out the bus and the fault if they are those of the row before. */
export function faultTable(rows: readonly Summary[]): string {
  const columns = ["broker", "fault", "direction", ...COLUMNS.map(({ title }) => title), ""];
  const isText = (column: number) => column < 3 || column === columns.length - 1;
  const body = rows.map((row, index) => {
    const { figures, failures } = row;
    const before = rows[index - 1]?.figures;
    const isSameBus = before?.bus === figures.bus;
    return [
      isSameBus ? "" : BUS_TITLES[figures.bus],
      isSameBus && before?.fault === figures.fault ? "" : faultTitle(row),
      figures.direction,
      ...COLUMNS.map(({ value }) => value(row)),
      failures.length === 0 ? "ok" : `**${failures.join(", ")}**`,
    ];
  });
  return markdownTable({ columns, rows: body, alignment: (column) => (isText(column) ? "left" : "right") });
}
