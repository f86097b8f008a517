import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { matrixMarkdown } from "./markdown.js";
import type { MatrixEntry } from "./matrix.js";
import type { MatrixRow } from "./rows.js";

/** Everything that was found out, times and messages of failed cells included. */
const JSON_FILE = "build/interop-matrix.json";

export const MATRIX_PAGE = "docs/interop-matrix.md";

/** Writes the reports as JSON. @returns the text of the page */
export function writeResults(rows: readonly MatrixRow[], entries: readonly MatrixEntry[]): string {
  const all = entries.map(({ row: { release, flaskSocketIo, python }, broker, report }) => {
    return { release, flaskSocketIo, python, broker, report };
  });
  mkdirSync(dirname(JSON_FILE), { recursive: true });
  writeFileSync(JSON_FILE, `${JSON.stringify(all, null, 2)}\n`);
  return matrixMarkdown(rows, entries);
}
