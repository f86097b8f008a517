import { writeFileSync } from "node:fs";
import { dim, green, red } from "../../src/util/terminal-style.js";
import { machine } from "../shared/docs-page.js";
import type { Options } from "./options.js";
import type { TargetAnswer } from "./target.js";
import type { Outcome } from "./verdict.js";

const MIB = 2 ** 20;

const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(1);

/** The worst of all processes. */
const worst = (answers: readonly TargetAnswer[], of: (sample: NonNullable<TargetAnswer["sample"]>) => number): number =>
  Math.max(0, ...answers.map(({ sample }) => (sample === undefined ? 0 : of(sample))));

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly of: (outcome: Outcome) => string;
}[] = [
  { title: "attack", width: 58, of: ({ attack, name }) => `${attack}: ${name}` },
  { title: "frames", width: 9, of: ({ frames }) => String(frames) },
  { title: "MiB", width: 8, of: ({ bytes }) => mebibytes(bytes) },
  {
    title: "next, ms",
    width: 9,
    of: ({ good }) => (good.missing.length > 0 ? "never" : String(Math.round(good.time))),
  },
  { title: "stall, ms", width: 10, of: ({ answers }) => String(Math.round(worst(answers, ({ stall }) => stall))) },
  { title: "peak, MiB", width: 10, of: ({ answers }) => mebibytes(worst(answers, ({ peak }) => peak)) },
  { title: "held, MiB", width: 10, of: ({ answers }) => mebibytes(worst(answers, ({ held }) => held)) },
];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => (index === 0 ? cell.padEnd : cell.padStart).call(cell, COLUMNS[index]?.width ?? 0))
    .join(" ");

export const heading = (): string => dim(line(COLUMNS.map(({ title }) => title)));

/** One attack, and below it what is wrong. */
export function outcomeLines(outcome: Outcome): string {
  const isGood = outcome.problems.length === 0;
  const text = `${line(COLUMNS.map(({ of }) => of(outcome)))}  ${isGood ? green("ok") : red("bad")}`;
  return [text, ...outcome.problems.map((problem) => red(`  ${problem}`))].join("\n");
}

/** JSON, with a line for each attack. */
export function writeNumbers(file: string, options: Options, outcomes: readonly Outcome[]): void {
  const { bus, frames, mebibytes: size, seed } = options;
  const head = { measured: new Date().toISOString(), machine: machine(), bus, frames, mebibytes: size, seed };
  const lines = outcomes.map((outcome) => JSON.stringify(outcome)).join(",\n");
  writeFileSync(file, `{"head": ${JSON.stringify(head)}, "attacks": [\n${lines}\n]}\n`);
}
