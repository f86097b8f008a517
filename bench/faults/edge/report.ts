import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { replacePart } from "../../shared/docs-page.js";
import { PAGE, writeNumbers } from "../report.js";
import type { EdgeFigures } from "./figures.js";
import { EDGE_FAULT_NAMES } from "./names.js";
import { type EdgeSummary, summarizeEdge } from "./summary.js";
import { edgeTable } from "./table.js";

export const EDGE_NUMBERS = "docs/reliability-edge.json";

/** A run, and the circumstances in which it was measured. */
export interface RecordedEdgeRun extends EdgeFigures {
  readonly measured: string;
  readonly machine: string;
  readonly rate: number;
}

/** In the order of `EDGE_FAULT_NAMES`, whatever the order of measurement. */
export function edgeRows(runs: readonly EdgeFigures[]): readonly EdgeSummary[] {
  return EDGE_FAULT_NAMES.flatMap((name) => {
    const [first, ...others] = runs.filter(({ fault }) => fault === name);
    return first === undefined ? [] : [summarizeEdge([first, ...others])];
  });
}

/** New runs replace the earlier runs of the same fault; all others stay. */
export function mergeEdge(
  earlier: readonly RecordedEdgeRun[],
  measured: readonly RecordedEdgeRun[],
): readonly RecordedEdgeRun[] {
  const faults = new Set(measured.map(({ fault }) => fault));
  return [...earlier.filter(({ fault }) => !faults.has(fault)), ...measured];
}

/** What is between the markers of the page: in what circumstances, and the table. */
export function edgePart(runs: readonly RecordedEdgeRun[]): string {
  const circumstances = new Set(
    runs.map(({ rate, measured, machine }) => `${rate} events a second, ${measured.slice(0, 10)}: ${machine}.`),
  );
  return `${[...circumstances].join("\n")}\n\n${edgeTable(edgeRows(runs))}`;
}

/** Adds the measured runs to the page and its numbers. @throws Error when the page has no place for a table */
export function writeEdgePart(measured: readonly RecordedEdgeRun[]): void {
  const earlier = existsSync(EDGE_NUMBERS)
    ? (JSON.parse(readFileSync(EDGE_NUMBERS, "utf8")) as { readonly runs: readonly RecordedEdgeRun[] }).runs
    : [];
  const runs = mergeEdge(earlier, measured);
  const page = replacePart(readFileSync(PAGE, "utf8"), "faults -- --edge --write", edgePart(runs));
  writeNumbers(EDGE_NUMBERS, runs);
  writeFileSync(PAGE, page);
}
