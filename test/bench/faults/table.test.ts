import test from "ava";
import type { Figures } from "../../../bench/faults/figures.js";
import { type Summary, summarize } from "../../../bench/faults/summary.js";
import { faultTable, terminalRows } from "../../../bench/faults/table.js";
import { sparkline } from "../../../bench/faults/throughput-meters.js";
import { replacePart } from "../../../bench/shared/docs-page.js";

const figures = (parts: Partial<Figures>): Figures => ({
  bus: "redis",
  fault: "cut",
  direction: "python → node",
  lasted: 11_400,
  sent: 2_000,
  accepted: 2_000,
  received: 990,
  lost: 1_010,
  notListening: 0,
  doubled: 0,
  doubledInSteadyState: 0,
  outOfOrder: 0,
  flowsAfter: 51.4,
  externalDelay: 0,
  longestGap: 5_060,
  lossAllowed: 0,
  isSettled: true,
  missing: {},
  ...parts,
});

const row = (parts: Partial<Figures>, failures: readonly string[] = []): Summary => ({
  ...summarize([figures(parts)], 5_000),
  failures,
});

test("the table of the page names broker and fault once", (t) => {
  const rows = [row({}), row({ direction: "node → python" }), row({ fault: "restart" }), row({ bus: "kafka" })];
  const body = faultTable(rows).split("\n").slice(2);
  t.deepEqual(
    body.map((line) => line.split(" | ").slice(0, 3)),
    [
      ["| Redis", "connection cut, 5 s", "python → node"],
      ["| ", "", "node → python"],
      ["| ", "broker killed and started, away 11.40 s", "python → node"],
      ["| Kafka", "connection cut, 5 s", "python → node"],
    ],
  );
  t.is(
    body[0],
    "| Redis | connection cut, 5 s | python → node | 2000 | 2000 | 990 | 1010 | 0 | 0 | 0 | 0.05 s | 5.06 s | ok |",
  );
});

test("missed requirements are in the table", (t) => {
  const lines = faultTable([row({ flowsAfter: undefined }, ["no traffic any more", "3 lost"])]).split("\n");
  t.true(lines[2]?.endsWith("| never | 5.06 s | **no traffic any more, 3 lost** |"));
  t.true(terminalRows([row({}, ["3 lost"])]).endsWith("FAIL: 3 lost"));
});

test("several runs: medians of times with the least and the most, the most of each loss, every missed requirement", (t) => {
  const runs = [
    figures({ direction: "node → python", lost: 0, doubled: 7, flowsAfter: 300, longestGap: 5_300 }),
    figures({ direction: "node → python", lost: 2, doubled: 0, flowsAfter: 100, longestGap: 5_100 }),
    figures({ direction: "node → python", lost: 0, doubled: 1, flowsAfter: undefined, longestGap: 5_200 }),
  ] as const;
  const summary = summarize(runs, 5_000);
  t.like(summary.figures, { lost: 2, doubled: 7 });
  t.deepEqual(summary.failures, ["2 lost", "no traffic any more"]);
  const line = faultTable([summary]).split("\n")[2] ?? "";
  t.true(line.includes("| 2 | 0 | 7 | 0 | 0.30 s (0.10–never) | 5.20 s (5.10–5.30) |"), line);
  t.is(summarize([runs[0], runs[1]], 5_000).flowsAfter.median, 200);
});

test("a failover is named after what is killed, with the time until another node has taken over", (t) => {
  const line = faultTable([row({ fault: "failover", bus: "kafka" })]).split("\n")[2] ?? "";
  t.true(line.startsWith("| Kafka | leader of three brokers killed, replaced after 11.40 s |"), line);
});

test("a table replaces the previous one, and the page around it stays", (t) => {
  const begin = "<!-- made by npm run faults -- --write: begin -->";
  const end = "<!-- made by npm run faults -- --write: end -->";
  const page = replacePart(`# Title\n\n${begin}\nold\n${end}\n\nafter\n`, "faults -- --write", "| new |");
  t.is(page, `# Title\n\n${begin}\n\n| new |\n\n${end}\n\nafter\n`);
  t.is(replacePart(page, "faults -- --write", "| new |"), page);
  t.throws(() => replacePart("# Title\n", "faults -- --write", "| new |"), { message: /no place for the table/ });
});

test("the display shows the rate of each direction as bars", (t) => {
  t.is(sparkline([100, 0, 200, 5_000, 1], 100), "▄ ██▁");
});
