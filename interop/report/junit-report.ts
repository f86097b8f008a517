import { printable } from "../../src/util/printable.js";
import type { Cell, FailedStart, Report } from "./report.js";
import { evidenceLines, KIND_TITLES } from "./summary.js";

/** Characters that XML 1.0 cannot contain: most control characters, lone surrogates, two non-characters. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\t": "&#9;",
  "\r": "&#13;",
};

function escapeText(text: string): string {
  const allowed = printable(text).replaceAll(NOT_IN_XML, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return allowed.replaceAll(/[&<>\r]/g, (character) => ESCAPES[character] ?? character);
}

const escapeAttribute = (text: string): string =>
  escapeText(text).replaceAll(/["\n\t]/g, (character) => ESCAPES[character] ?? character);

function attributes(all: Readonly<Record<string, string | number>>): string {
  return Object.entries(all)
    .map(([name, value]) => ` ${name}="${escapeAttribute(String(value))}"`)
    .join("");
}

const seconds = (milliseconds: number): string => (milliseconds / 1_000).toFixed(3);

function outcome(cell: Cell): string {
  const { result, reason = "" } = cell;
  switch (result) {
    case "pass":
      return "";
    case "fail": {
      const [message = ""] = reason.split("\n");
      const text = escapeText([reason, "", ...evidenceLines(cell)].join("\n"));
      return `<failure${attributes({ message })}>${text}</failure>`;
    }
    case "cannot":
      return `<skipped${attributes({ message: `that release cannot: ${reason}` })}/>`;
    case "unavailable":
      return `<skipped${attributes({ message: reason })}/>`;
    default:
      return result satisfies never;
  }
}

function testCase(report: Report, cell: Cell): string {
  const title = report.rows.find(({ scenario }) => scenario === cell.scenario)?.title ?? "";
  const named = { classname: `interop.${cell.kind}.${cell.direction}`, name: `${cell.scenario}: ${title}` };
  const content = outcome(cell);
  const start = `    <testcase${attributes({ ...named, time: seconds(cell.milliseconds) })}`;
  return content === "" ? `${start}/>` : `${start}>${content}</testcase>`;
}

function totals(cells: readonly Cell[]) {
  return {
    tests: cells.length,
    failures: cells.filter(({ result }) => result === "fail").length,
    errors: 0,
    skipped: cells.filter(({ result }) => result === "cannot" || result === "unavailable").length,
    time: seconds(cells.reduce((sum, { milliseconds }) => sum + milliseconds, 0)),
  };
}

/** One suite with a single case, which is an error. */
export function failedStartToJunit({ startedAt, queue, error }: FailedStart): string {
  const [message = ""] = error.split("\n");
  const name = "socketio-python-bridge interop";
  const totals = { tests: 1, failures: 0, errors: 1, skipped: 0, time: "0.000" };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...totals })}>`,
    `  <testsuite${attributes({ name, ...totals, timestamp: startedAt.slice(0, 19) })}>`,
    `    <properties><property${attributes({ name: "queue", value: queue })}/></properties>`,
    `    <testcase${attributes({ classname: "interop", name: "start", time: "0.000" })}>`,
    `      <error${attributes({ message })}>${escapeText(error)}</error>`,
    "    </testcase>",
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** JUnit XML for CI systems: one suite per kind of Python peer, one case per cell. */
export function toJunit(report: Report): string {
  const triedWith = report.triedWith === undefined ? {} : { "tried with": report.triedWith };
  const { queue, channel, encoding, versions } = report;
  const properties = { queue, channel, encoding, ...triedWith, ...versions };
  const suites = report.kinds.map((kind) => {
    const cells = report.cells.filter((cell) => cell.kind === kind);
    const name = `${kind}: ${KIND_TITLES[kind]}`;
    return [
      `  <testsuite${attributes({ name, ...totals(cells), timestamp: report.startedAt.slice(0, 19) })}>`,
      "    <properties>",
      ...Object.entries(properties).map(([key, value]) => `      <property${attributes({ name: key, value })}/>`),
      "    </properties>",
      ...cells.map((cell) => testCase(report, cell)),
      "  </testsuite>",
    ].join("\n");
  });
  const name = `socketio-python-bridge interop, python-socketio ${report.release}`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...totals(report.cells) })}>`,
    ...suites,
    "</testsuites>",
    "",
  ].join("\n");
}
