import { markdownTable } from "../../../bench/shared/markdown.js";
import type { Cell } from "../../../interop/report/report.js";
import { DIRECTION_TITLES, KIND_TITLES } from "../../../interop/report/summary.js";
import { SCENARIOS } from "../../../interop/scenarios/all.js";
import { KINDS, type Scenario } from "../../../interop/scenarios/scenario.js";
import type { MatrixEntry } from "./matrix.js";
import type { MatrixRow } from "./rows.js";

const DIRECTIONS = ["python-to-node", "node-to-python"] as const;
const INTRODUCTION = `# What works with which release of python-socketio

Made by \`npm run matrix -- --write\`, which runs every scenario with the real packages, each release line in a container of
its own, over Redis. The tests run it again and compare. What a release cannot do is tried as well, and has to fail.
[interop.md](interop.md) says how to run the same against your own broker and packages.
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

function cellsOf(entries: readonly MatrixEntry[], row: MatrixRow, { name }: Scenario): readonly Cell[] {
  const cells = entries.filter((entry) => entry.row.release === row.release).flatMap(({ report }) => report.cells);
  const order = (cell: Cell) => KINDS.indexOf(cell.kind);
  return cells.filter(({ scenario }) => scenario === name).sort((a, b) => order(a) - order(b));
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

/** The same text for the same results: no times, no order of events. */
export function matrixMarkdown(rows: readonly MatrixRow[], entries: readonly MatrixEntry[]): string {
  const notes = new Notes();
  const lines = markdownTable({
    columns: ["python-socketio", "Flask-SocketIO", "Python"],
    rows: rows.map(({ release, flaskSocketIo, python }) => [release, flaskSocketIo, python]),
  });
  const kinds = KINDS.map((kind) => `\`${kind}\` (${KIND_TITLES[kind]})`).join(", ");
  const sections = DIRECTIONS.map((direction) => {
    const scenarios = SCENARIOS.filter((scenario) => scenario.direction === direction);
    const body = scenarios.map((scenario) => [
      scenario.title,
      ...rows.map((row) => summaryOf(cellsOf(entries, row, scenario), notes)),
    ]);
    const columns = ["", ...rows.map(({ release }) => release)];
    return `## ${DIRECTION_TITLES[direction]}\n\n${markdownTable({ columns, rows: body })}\n`;
  });
  const about = `Each scenario is run with each kind of peer that it applies to: ${kinds}.\n`;
  return [INTRODUCTION, `${lines}\n`, about, ...sections, "## Notes\n", `${notes.lines()}\n`].join("\n");
}
