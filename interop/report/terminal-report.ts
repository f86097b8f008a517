import type { PeerKind } from "../../src/testing/python-peer.js";
import { printable } from "../../src/util/printable.js";
import { bold, dim, green, red, yellow } from "../../src/util/terminal-style.js";
import type { Direction } from "../scenarios/scenario.js";
import { mapTexts } from "./map-texts.js";
import type { Cell, Report, Result, Row } from "./report.js";
import {
  cellAt,
  count,
  DIRECTION_TITLES,
  duration,
  evidenceLines,
  RESULT_TITLES,
  RESULTS,
  type Reason,
  reasonsOf,
  rowsOf,
  SYMBOLS,
  summary,
} from "./summary.js";

/** Characters of a line in a terminal; the other reports have more. */
const MAX_LINE = 240;
/** Lines of evidence of one cell. */
const MAX_EVIDENCE = 30;

export const COLOURS: Readonly<Record<Result, (text: string) => string>> = {
  pass: green,
  fail: red,
  cannot: yellow,
  unavailable: dim,
};

const centre = (symbol: string, width: number): string => {
  const left = Math.floor((width - 1) / 2);
  return " ".repeat(left) + symbol + " ".repeat(width - 1 - left);
};

/** Columns are as wide as their headings. */
function line(report: Report, row: Row, width: number, notes: readonly string[]): string {
  const symbols = report.kinds.map((kind) => {
    const cell = cellAt(report, row, kind);
    if (cell === undefined) {
      return " ".repeat(kind.length);
    }
    const note = cell.result === "cannot" ? superscript(notes.indexOf(cell.reason ?? "") + 1) : "";
    const text = centre(SYMBOLS[cell.result], kind.length);
    return COLOURS[cell.result](text.trimEnd() + note + text.slice(text.trimEnd().length + note.length));
  });
  return `  ${row.title.padEnd(width)}  ${symbols.join("  ")}`.trimEnd();
}

function superscript(number: number): string {
  return [...String(number)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
}

function section(report: Report, direction: Direction, width: number, notes: readonly string[]): readonly string[] {
  const rows = rowsOf(report, direction);
  if (rows.length === 0) {
    return [];
  }
  const head = `  ${bold(DIRECTION_TITLES[direction].padEnd(width))}  ${bold(report.kinds.join("  "))}`;
  return ["", head, ...rows.map((row) => line(report, row, width, notes))];
}

const shorten = (text: string): string => (text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text);

/** A reason that several cells have is shown once, with the evidence of the first. */
function failureLines(report: Report, { cells }: Reason): readonly string[] {
  const [cell] = cells as [Cell];
  const others = cells.length === 1 ? [] : [dim(`    and ${cells.length - 1} more with the same reason`)];
  const title = report.rows.find(({ scenario }) => scenario === cell.scenario)?.title ?? cell.scenario;
  const evidence = evidenceLines(cell);
  const more = evidence.length - MAX_EVIDENCE;
  const shown = more <= 0 ? evidence : [...evidence.slice(0, MAX_EVIDENCE), `… ${more} more lines`];
  return [
    "",
    `  ${red(SYMBOLS.fail)} ${bold(title)} ${dim(`${cell.kind}, ${DIRECTION_TITLES[cell.direction]}, ${cell.scenario}`)}`,
    ...(cell.reason ?? "").split("\n").map((text) => `    ${shorten(text)}`.trimEnd()),
    ...others,
    ...shown.map((text) => dim(`    ${shorten(text)}`)),
  ];
}

const kindsOf = (cells: readonly Cell[]): readonly PeerKind[] => [...new Set(cells.map(({ kind }) => kind))];

function legend(report: Report): string {
  return RESULTS.filter((result) => count(report, result) > 0)
    .map((result) => COLOURS[result](`${SYMBOLS[result]} ${RESULT_TITLES[result]}`))
    .join("   ");
}

/** The matrix with the reasons below it, for a terminal or a log. */
export function toTerminal(original: Report): string {
  // Control characters from outside would be commands to the terminal.
  const report = mapTexts(original, printable);
  const width = Math.max(...report.rows.map(({ title }) => title.length));
  const cannot = reasonsOf(report, "cannot").map(({ reason }) => reason);
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    ...section(report, "python-to-node", width, cannot),
    ...section(report, "node-to-python", width, cannot),
    "",
    `  ${legend(report)}`,
    ...cannot.map((reason, index) => `  ${yellow(superscript(index + 1))} ${reason}`),
    ...reasonsOf(report, "unavailable").map(
      ({ reason, cells }) => `  ${dim(SYMBOLS.unavailable)} ${kindsOf(cells).join(", ")}: ${reason}`,
    ),
    ...report.notes.map((note) => `  ${dim(note)}`),
    ...reasonsOf(report, "fail").flatMap((reason) => failureLines(report, reason)),
    "",
    ...wrap(versions).map((text) => `  ${dim(text)}`),
    "",
    ...(report.triedWith === undefined ? [] : [`  ${yellow(`tried with ${report.triedWith}`)}`]),
    `  ${(report.ok ? green : red)(bold(summary(report)))} ${dim(`in ${duration(report.milliseconds)}`)}`,
    "",
  ];
  return `${lines.join("\n")}\n`;
}

const WIDTH = 100;

/** Items separated by dots, as many as fit on a line. */
function wrap(items: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length + 3 <= WIDTH) {
      lines[lines.length - 1] = `${last} · ${item}`;
    } else {
      lines.push(item);
    }
  }
  return lines;
}
