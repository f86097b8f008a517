import { readFileSync } from "node:fs";
import test from "ava";
import { summary } from "../../../interop/report/summary.js";
import { BROKER_TITLES, BROKERS, kindsOn } from "./brokers.js";
import { type Matrix, startMatrix } from "./matrix.js";
import { MATRIX_PAGE, writeResults } from "./results.js";
import { readRows } from "./rows.js";

const rows = readRows();
let matrix: Matrix;

test.before(async () => {
  matrix = await startMatrix();
});

const runs = rows.flatMap((row) => BROKERS.flatMap((broker) => kindsOn(broker).map((kind) => ({ row, broker, kind }))));

for (const { row, broker, kind } of runs) {
  test(`python-socketio ${row.release} over ${BROKER_TITLES[broker]}, ${kind}: does all that this release can, and nothing that it cannot`, async (t) => {
    const report = await matrix.run(row, broker, kind);
    t.is(report.release, row.release);
    const bad = report.cells.filter(({ result }) => result !== "pass" && result !== "cannot");
    t.deepEqual(bad, []);
    t.log(`${summary(report)}, ${(report.milliseconds / 1000).toFixed(1)} s`);
  });
}

test.after.always("no Python program is left, and the page is what was found out", async (t) => {
  t.deepEqual(await matrix.end(), []);
  const page = writeResults(rows, matrix.entries);
  t.log(`\n${page}`);
  t.is(page, readFileSync(MATRIX_PAGE, "utf8"), "npm run matrix -- --write");
});
