import { bold, dim, green, red } from "../../src/util/terminal-style.js";
import { markdownTable } from "../shared/markdown.js";
import type { Figures } from "./figures.js";
import { BUS_TITLES, FAULT_TITLES } from "./names.js";

/** A row of the table, and the requirements that it does not meet. */
export interface Row {
  readonly figures: Figures;
  readonly failures: readonly string[];
}

const seconds = (time: number | undefined): string => (time === undefined ? "never" : `${(time / 1_000).toFixed(2)} s`);

/** How long a broker takes to start is not up to us, so it is shown. */
const faultTitle = ({ fault, lasted }: Figures): string =>
  fault === "restart" ? `${FAULT_TITLES[fault]}, away ${seconds(lasted)}` : FAULT_TITLES[fault];

const COLUMNS: readonly { readonly title: string; readonly value: (figures: Figures) => string }[] = [
  { title: "sent", value: ({ sent }) => String(sent) },
  { title: "accepted", value: ({ accepted }) => String(accepted) },
  { title: "received", value: ({ received }) => String(received) },
  { title: "lost", value: ({ lost }) => String(lost) },
  { title: "not listening", value: ({ notListening }) => String(notListening) },
  { title: "doubled", value: ({ doubled }) => String(doubled) },
  { title: "out of order", value: ({ outOfOrder }) => String(outOfOrder) },
  { title: "flows after", value: ({ flowsAfter }) => seconds(flowsAfter) },
  { title: "longest gap", value: ({ longestGap }) => seconds(longestGap) },
];

const DIRECTION_WIDTH = 22;

/** The heading for the rows of `terminalRows`. */
export function terminalHeading(): string {
  return dim(" ".repeat(DIRECTION_WIDTH) + COLUMNS.map(({ title }) => `  ${title}`).join(""));
}

/** @param runs - how many runs the figures are the worst of */
export function terminalRows(rows: readonly Row[], runs: number): string {
  const [first] = rows;
  if (first === undefined) {
    return "";
  }
  const { figures } = first;
  const title =
    bold(`${BUS_TITLES[figures.bus]}, ${faultTitle(figures)}`) + (runs === 1 ? "" : dim(`, worst of ${runs} runs`));
  return [title, ...rows.map(terminalRow)].join("\n");
}

function terminalRow({ figures, failures }: Row): string {
  const cells = COLUMNS.map(({ title, value }) => `  ${value(figures).padStart(title.length)}`);
  const verdict = failures.length === 0 ? green("ok") : red(`FAIL: ${failures.join(", ")}`);
  return `${`  ${figures.direction}`.padEnd(DIRECTION_WIDTH)}${cells.join("")}  ${verdict}`;
}

/** For a page. A row leaves out the bus and the fault if they are those of the row before. */
export function faultTable(rows: readonly Row[]): string {
  const columns = ["broker", "fault", "direction", ...COLUMNS.map(({ title }) => title), ""];
  const isText = (column: number) => column < 3 || column === columns.length - 1;
  const body = rows.map(({ figures, failures }, index) => {
    const before = rows[index - 1]?.figures;
    const isSameBus = before?.bus === figures.bus;
    return [
      isSameBus ? "" : BUS_TITLES[figures.bus],
      isSameBus && before?.fault === figures.fault ? "" : faultTitle(figures),
      figures.direction,
      ...COLUMNS.map(({ value }) => value(figures)),
      failures.length === 0 ? "ok" : `**${failures.join(", ")}**`,
    ];
  });
  return markdownTable({ columns, rows: body, alignment: (column) => (isText(column) ? "left" : "right") });
}
