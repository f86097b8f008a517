/**
 * Runs the matrix and prints it: `npm run matrix`, or only some of it: `npm run matrix -- 5.13.0 5.15.1`. Ends with code 1
 * if a cell fails. With `--write` it writes the page of the documentation, too.
 */
import { writeFileSync } from "node:fs";
import { summary } from "../../../interop/report/summary.js";
import { BROKERS, kindsOn } from "./brokers.js";
import { startMatrix } from "./matrix.js";
import { MATRIX_PAGE, writeResults } from "./results.js";
import { readRows } from "./rows.js";

const chosen = process.argv.slice(2).filter((argument) => argument !== "--write");
const onlyBrokers = BROKERS.filter((broker) => chosen.includes(broker));
const onlyRows = readRows().filter(({ release }) => chosen.includes(release));
const brokers = onlyBrokers.length === 0 ? BROKERS : onlyBrokers;
const rows = onlyRows.length === 0 ? readRows() : onlyRows;
const matrix = await startMatrix();
try {
  const runs = rows.flatMap((row) =>
    brokers.flatMap((broker) => kindsOn(broker).map((kind) => ({ row, broker, kind }))),
  );
  await Promise.all(
    runs.map(async ({ row, broker, kind }) => {
      const report = await matrix.run(row, broker, kind);
      console.info(
        `${row.release} ${broker} ${kind}: ${summary(report)}, ${(report.milliseconds / 1000).toFixed(1)} s`,
      );
      process.exitCode = report.ok ? process.exitCode : 1;
    }),
  );
} finally {
  await matrix.end();
}
const page = writeResults(rows, matrix.entries);
console.info(`\n${page}`);
if (process.argv.includes("--write") && chosen.length === 0) {
  writeFileSync(MATRIX_PAGE, page);
}
