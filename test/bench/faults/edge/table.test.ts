import test from "ava";
import type { EdgeFigures } from "../../../../bench/faults/edge/figures.js";
import { edgePart, edgeRows, mergeEdge } from "../../../../bench/faults/edge/report.js";
import { summarizeEdge } from "../../../../bench/faults/edge/summary.js";
import { edgeTable, edgeTerminalRow } from "../../../../bench/faults/edge/table.js";
import { edgeFailures } from "../../../../bench/faults/edge/verdict.js";

const figures = (parts: Partial<EdgeFigures>): EdgeFigures => ({
  fault: "edge-reload",
  lasted: 1_500,
  sent: 1_600,
  answered: 1_600,
  failed: {},
  failedElsewhere: 0,
  lost: 0,
  twice: 0,
  outOfOrder: 0,
  overtaken: 0,
  emitsLost: 0,
  disconnected: 0,
  disconnectedElsewhere: 0,
  longestAway: 0,
  steadyWait: 40,
  longestWait: 1_710,
  unsettled: 0,
  disconnectHandlers: undefined,
  ...parts,
});

const verdict = (parts: Partial<EdgeFigures>) => edgeFailures(figures(parts));

test("nothing may be lost, handled twice, out of order or disconnected", (t) => {
  t.deepEqual(verdict({}), []);
  t.deepEqual(verdict({ lost: 1, twice: 2, outOfOrder: 3, overtaken: 4, disconnected: 5, disconnectedElsewhere: 5 }), [
    "1 lost",
    "2 handled twice",
    "3 out of order",
    "4 acknowledged before what their handlers emitted",
    "5 clients disconnected",
  ]);
  t.deepEqual(verdict({ unsettled: 6, longestAway: undefined }), [
    "a client did not come back",
    "6 acknowledgements did not arrive",
  ]);
});

test("acknowledgements may fail for what was in flight in what was killed, and for nothing else", (t) => {
  t.deepEqual(verdict({ fault: "edge-worker-killed", failed: { no_answer: 3 } }), []);
  t.deepEqual(verdict({ failed: { no_worker: 3 }, failedElsewhere: 3 }), [
    "3 failed that were not in flight in what was killed",
  ]);
});

test("clients of an edge that is killed are disconnected", (t) => {
  t.deepEqual(verdict({ fault: "edge-killed", disconnected: 100, longestAway: 300 }), []);
});

test("each disconnect handler of a killed edge's clients runs once", (t) => {
  const killed = { fault: "edge-killed", disconnected: 100 } as const;
  t.deepEqual(verdict({ ...killed, disconnectHandlers: { expected: 100, run: 100, twice: 0 } }), []);
  t.deepEqual(verdict({ ...killed, disconnectHandlers: { expected: 100, run: 99, twice: 1 } }), [
    "1 disconnect handlers not run",
    "1 disconnect handlers run twice",
  ]);
});

test("what handlers emit may be lost while Redis is away, and at no other time", (t) => {
  t.deepEqual(verdict({ fault: "edge-redis", emitsLost: 3 }), []);
  t.deepEqual(verdict({ emitsLost: 3 }), ["emits of 3 handlers lost"]);
});

test("the table of the page has a row for each fault, in the order of the help", (t) => {
  const killed = figures({
    ...{ fault: "edge-killed", failed: { disconnected: 2 }, disconnected: 100, longestAway: 310 },
    disconnectHandlers: { expected: 100, run: 99, twice: 1 },
  });
  const lines = edgeTable(edgeRows([killed, figures({ lost: 2 })]))
    .split("\n")
    .slice(2);
  t.deepEqual(lines, [
    "| workers reloaded (HUP), replaced after 1.50 s | 1600 | 1600 | 0 | 2 | 0 | 0 | 0 | 0 |  | 0.04 s | 1.71 s | **2 lost** |",
    "| one of two edges killed | 1600 | 1600 | 2 disconnected | 0 | 0 | 0 | 0 | 100, for 0.31 s | 99 of 100, 1 twice | 0.04 s | 1.71 s | **1 disconnect handlers not run, 1 disconnect handlers run twice** |",
  ]);
});

test("several runs: medians of times with the least and the most, the most of each loss, every missed requirement", (t) => {
  const runs = [
    figures({ longestWait: 1_000, twice: 1 }),
    figures({ longestWait: 3_000, lost: 4, failed: { no_worker: 2 }, failedElsewhere: 2 }),
    figures({ longestWait: 2_000 }),
  ] as const;
  const summary = summarizeEdge(runs);
  t.like(summary.figures, { lost: 4, twice: 1, failed: { no_worker: 2 } });
  t.deepEqual(summary.longestWait, { median: 2_000, min: 1_000, max: 3_000 });
  t.deepEqual(summary.failures, ["1 handled twice", "4 lost", "2 failed that were not in flight in what was killed"]);
  t.true(edgeTerminalRow(summary).includes("longest wait 2.00 s (1.00–3.00)"));
  t.true(edgeTerminalRow(summary).endsWith("in what was killed"));
});

const recorded = (parts: Partial<EdgeFigures>) => ({
  ...{ ...figures(parts), measured: "2026-01-02T03:04:05Z", machine: "2 × a machine", rate: 200 },
});

test("the page says once in what circumstances the figures were taken", (t) => {
  const part = edgePart([recorded({}), recorded({ fault: "edge-redis" })]);
  t.true(part.startsWith("200 events a second, 2026-01-02: 2 × a machine.\n\n| fault |"), part);
});

test("new runs replace the earlier ones of the same fault", (t) => {
  const [old, other, fresh] = [recorded({}), recorded({ fault: "edge-redis" }), recorded({ sent: 7 })];
  t.deepEqual(mergeEdge([old, other], [fresh]), [other, fresh]);
});
