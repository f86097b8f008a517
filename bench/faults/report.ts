import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { machine, replacePart } from "../shared/docs-page.js";
import type { Run } from "./measure.js";
import { BUS_NAMES, DIRECTIONS, FAULT_NAMES } from "./names.js";
import { type Summary, summarize } from "./summary.js";
import { faultTable } from "./table.js";

export const PAGE = "docs/reliability.md";
export const PAGE_NUMBERS = "docs/reliability.json";

/** A run, and the circumstances in which it was measured. */
export interface RecordedRun extends Run {
  readonly measured: string;
  readonly machine: string;
  readonly rate: number;
  readonly heartbeatInterval: number;
}

interface Report {
  readonly runs: readonly RecordedRun[];
}

export function record(
  run: Run,
  { rate, heartbeatInterval }: Pick<RecordedRun, "rate" | "heartbeatInterval">,
): RecordedRun {
  const { bus, fault, ...rest } = run;
  return { bus, fault, measured: new Date().toISOString(), machine: machine(), rate, heartbeatInterval, ...rest };
}

/** The runs of each direction of one bus and fault. */
function rowsOf(runs: readonly RecordedRun[]): readonly Summary[] {
  return DIRECTIONS.flatMap((direction) => {
    const [first, ...others] = runs.flatMap((run) => run.figures.filter((figures) => figures.direction === direction));
    const heartbeat = runs[0]?.heartbeatInterval;
    if (first === undefined || heartbeat === undefined) {
      return [];
    }
    return [summarize([first, ...others], heartbeat)];
  });
}

/** In the order of `BUS_NAMES` and `FAULT_NAMES`, whatever the order of measurement. */
export function groupedRows(runs: readonly RecordedRun[]): readonly (readonly Summary[])[] {
  return BUS_NAMES.flatMap((bus) =>
    FAULT_NAMES.map((fault) => rowsOf(runs.filter((run) => run.bus === bus && run.fault === fault))),
  ).filter((rows) => rows.length > 0);
}

/** New runs replace the earlier runs of the same bus and fault; all others stay. */
export function merge(earlier: readonly RecordedRun[], measured: readonly RecordedRun[]): readonly RecordedRun[] {
  const isReplaced = ({ bus, fault }: RecordedRun) => measured.some((run) => run.bus === bus && run.fault === fault);
  return [...earlier.filter((run) => !isReplaced(run)), ...measured];
}

/** JSON, with a line for each run. */
export function writeNumbers(file: string, runs: readonly object[]): void {
  const lines = runs.map((run) => JSON.stringify(run)).join(",\n");
  writeFileSync(file, `{"unit": "milliseconds", "runs": [\n${lines}\n]}\n`);
}

/** Adds the measured runs to the page and its numbers. @throws Error when the page has no place for a table */
export function writePage(measured: readonly RecordedRun[]): void {
  const earlier = existsSync(PAGE_NUMBERS) ? (JSON.parse(readFileSync(PAGE_NUMBERS, "utf8")) as Report).runs : [];
  const runs = merge(earlier, measured);
  const page = replacePart(readFileSync(PAGE, "utf8"), "faults -- --write", faultTable(groupedRows(runs).flat()));
  writeNumbers(PAGE_NUMBERS, runs);
  writeFileSync(PAGE, page);
}
