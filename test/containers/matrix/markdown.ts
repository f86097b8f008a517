import { markdownTable } from "../../../bench/shared/markdown.js";
import type { Cell } from "../../../interop/report/report.js";
import { DIRECTION_TITLES, KIND_TITLES } from "../../../interop/report/summary.js";
import { SCENARIOS } from "../../../interop/scenarios/all.js";
import { KINDS, type Scenario } from "../../../interop/scenarios/scenario.js";
import { BROKER_TITLES, BROKERS, type BrokerName, kindsOn } from "./brokers.js";
import type { MatrixEntry } from "./matrix.js";
import type { MatrixRow } from "./rows.js";

const DIRECTIONS = ["python-to-node", "node-to-python"] as const;
const INTRODUCTION = `# What works with which release of python-socketio

Made by \`npm run matrix -- --write\`, which runs every scenario with the real packages, each release line in a container of
its own, over Redis, RabbitMQ and Kafka. The tests run it again and compare. What a release cannot do is tried as well, and
has to fail. [interop.md](interop.md) says how to run the same against your own broker and packages.
`;

const ABOUT = `The first table of each broker
counts the scenarios that work with a kind, of those that apply to it. In the tables below it, a scenario works if it does
with every kind; a kind with which nothing works is left out there. Over RabbitMQ and Kafka, \`celery\` stands for
\`write-only\` too, and over RabbitMQ \`flask\` for \`threaded\`: the managers are the same. From 5.14 on, \`threaded\` and
\`celery\` have that of [socketio_bridge.kafka](brokers.md#kafka) over Kafka.
`;

/** Reasons, each with the number by which cells refer to it. */
class Notes {
  readonly #texts: string[] = [];

  numberOf(text: string): number {
    if (!this.#texts.includes(text)) {
      this.#texts.push(text);
    }
    return this.#texts.indexOf(text) + 1;
  }

  lines(): string {
    return this.#texts.map((text, index) => `${index + 1}. ${text}`).join("\n");
  }
}

/** What was found out about one release line over one broker, in the order of the kinds. */
type CellsOf = (row: MatrixRow, broker: BrokerName) => readonly Cell[];

function cellsIn(entries: readonly MatrixEntry[], row: MatrixRow, broker: BrokerName): readonly Cell[] {
  const own = entries.filter((entry) => entry.row.release === row.release && entry.broker === broker);
  const order = (cell: Cell) => KINDS.indexOf(cell.kind);
  return own.flatMap(({ report }) => report.cells).sort((a, b) => order(a) - order(b));
}

/** Without what an assertion shows below it. */
const reasonOf = ({ reason = "" }: Cell): string => reason.split("\n")[0] ?? "";

/** `yes` and `no`, each with notes about the kinds that it is not so for. */
function summaryOf(cells: readonly Cell[], notes: Notes): string {
  const failing = cells.filter(({ result }) => result !== "pass");
  if (failing.length === 0) {
    return "yes";
  }
  const reasons = [...new Set(failing.map(reasonOf))];
  const all = failing.length === cells.length;
  const numbers = reasons.map((reason) => {
    const kinds = failing.filter((cell) => reasonOf(cell) === reason).map(({ kind }) => kind);
    return notes.numberOf(kinds.length === cells.length ? reason : `${kinds.join(", ")}: ${reason}`);
  });
  const word = failing.some(({ result }) => result === "fail") ? "FAILS" : all ? "no" : "partly";
  return `${word} (${numbers.join(", ")})`;
}

/** `all 50`, `49 of 50`, or `none` with the reason. */
function countOf(cells: readonly Cell[], notes: Notes): string {
  const passed = cells.filter(({ result }) => result === "pass").length;
  if (passed === 0) {
    const numbers = [...new Set(cells.map(reasonOf))].map((reason) => notes.numberOf(reason));
    return `none (${numbers.join(", ")})`;
  }
  return passed === cells.length ? `all ${passed}` : `${passed} of ${cells.length}`;
}

/** A row for each release line, a column for each kind of peer. */
function overview(rows: readonly MatrixRow[], broker: BrokerName, cellsOf: CellsOf, notes: Notes): string {
  const kinds = kindsOn(broker);
  const body = rows.map((row) => {
    const cells = cellsOf(row, broker);
    const counts = kinds.map((kind) =>
      countOf(
        cells.filter((cell) => cell.kind === kind),
        notes,
      ),
    );
    return [row.release, ...counts];
  });
  return markdownTable({ columns: ["python-socketio", ...kinds.map((kind) => `\`${kind}\``)], rows: body });
}

/** A kind of peer with which nothing works is left out where others do: the overview says it once. */
function cellsOfScenario(cells: readonly Cell[], { name }: Scenario): readonly Cell[] {
  const working = new Set(cells.filter(({ result }) => result === "pass").map(({ kind }) => kind));
  const own = cells.filter(({ scenario }) => scenario === name);
  const ofWorking = own.filter(({ kind }) => working.has(kind));
  return ofWorking.length === 0 ? own : ofWorking;
}

function details(rows: readonly MatrixRow[], broker: BrokerName, cellsOf: CellsOf, notes: Notes): readonly string[] {
  return DIRECTIONS.map((direction) => {
    const scenarios = SCENARIOS.filter((scenario) => scenario.direction === direction);
    const body = scenarios.map((scenario) => [
      scenario.title,
      ...rows.map((row) => summaryOf(cellsOfScenario(cellsOf(row, broker), scenario), notes)),
    ]);
    const columns = ["", ...rows.map(({ release }) => release)];
    const title = `${DIRECTION_TITLES[direction]}, over ${BROKER_TITLES[broker]}`;
    return `### ${title}\n\n${markdownTable({ columns, rows: body })}\n`;
  });
}

/** The same text for the same results: no times, no order of events. */
export function matrixMarkdown(rows: readonly MatrixRow[], entries: readonly MatrixEntry[]): string {
  const notes = new Notes();
  const cellsOf: CellsOf = (row, broker) => cellsIn(entries, row, broker);
  const releases = markdownTable({
    columns: ["python-socketio", "Flask-SocketIO", "Python"],
    rows: rows.map(({ release, flaskSocketIo, python }) => [release, flaskSocketIo, python]),
  });
  const kinds = KINDS.map((kind) => `\`${kind}\` (${KIND_TITLES[kind]})`).join(", ");
  const sections = BROKERS.flatMap((broker) => [
    `## Over ${BROKER_TITLES[broker]}\n`,
    `${overview(rows, broker, cellsOf, notes)}\n`,
    ...details(rows, broker, cellsOf, notes),
  ]);
  const about = `The kinds of peers are ${kinds}. ${ABOUT}`;
  return [INTRODUCTION, `${releases}\n`, about, ...sections, "## Notes\n", `${notes.lines()}\n`].join("\n");
}
