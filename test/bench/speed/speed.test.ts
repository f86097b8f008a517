import test from "ava";
import { medianLines, plan } from "../../../bench/speed/campaign.js";
import { CASES, caseOf, windowOf } from "../../../bench/speed/cases.js";
import { flawsOf, type RecordedRun, ratiosOf, summaryOf } from "../../../bench/speed/figures.js";
import type { TrafficRun } from "../../../bench/speed/measure.js";
import { barsOf, drawPlot } from "../../../bench/speed/plot.js";
import { summarize } from "../../../bench/speed/statistics.js";
import type { SystemName } from "../../../bench/speed/systems.js";
import { number, pageTable, tablesOf, targetTable, terminalTable } from "../../../bench/speed/tables.js";
import { judge, LENIENT, type Strictness } from "../../../bench/speed/targets.js";

const TRAFFIC: TrafficRun = {
  kind: "traffic",
  sent: 1_000,
  delivered: 1_000,
  expected: 1_000,
  lost: 0,
  doubled: 0,
  outOfOrder: 0,
  elapsed: 1_000,
  cpu: 100,
  p50: 400,
  p99: 900,
  p999: 1_500,
  serverCpu: 50,
  wireBytes: 1_300,
};

/** @param cpu - of the server for each message, µs */
function run(
  name: string,
  system: SystemName,
  repeat: number,
  cpu: number,
  parts: Partial<TrafficRun> = {},
): RecordedRun {
  return { ...TRAFFIC, ...parts, serverCpu: (cpu * TRAFFIC.sent) / 1_000, case: name, system, repeat };
}

const bothSystems = (name: string, ofBridge: readonly number[], ofOther: readonly number[]): readonly RecordedRun[] => [
  ...ofBridge.map((cpu, index) => run(name, "bridge", index + 1, cpu)),
  ...ofOther.map((cpu, index) => run(name, "redis-adapter", index + 1, cpu)),
];

test("values in any order are summarised by median and interquartile range", (t) => {
  t.deepEqual(summarize([30, 10, 20, 50, 40]), { least: 10, median: 30, spread: 20 / 30, count: 5 });
  t.deepEqual(summarize([4, 2]), { least: 2, median: 3, spread: 1 / 3, count: 2 });
  t.is(summarize([]), undefined);
});

test("figures are per message and per delivery", (t) => {
  const runs = [run("100-recipients", "bridge", 1, 500, { delivered: 100_000, expected: 100_000 })];
  const subject = { case: "100-recipients", system: "bridge" } as const;
  t.is(summaryOf(runs, subject, "cpuPerMessage")?.median, 500);
  t.is(summaryOf(runs, subject, "cpuPerDelivery")?.median, 5);
  t.is(summaryOf(runs, subject, "throughput")?.median, 1_000);
  t.is(summaryOf(runs, subject, "rss"), undefined);
});

test("ratios are of the same repeat, and need both runs", (t) => {
  const runs = bothSystems("1kb", [10, 40], [20, 40, 60]);
  const ratios = ratiosOf(
    runs,
    { case: "1kb", system: "bridge" },
    { case: "1kb", system: "redis-adapter" },
    "cpuPerMessage",
  );
  t.deepEqual(ratios, [0.5, 1]);
});

test("a run is invalid when something was lost or doubled, or when the load was the bottleneck", (t) => {
  t.deepEqual(flawsOf(TRAFFIC), []);
  t.deepEqual(flawsOf({ ...TRAFFIC, lost: 2, doubled: 3, outOfOrder: 1 }), ["2 lost", "3 doubled", "1 out of order"]);
  t.deepEqual(flawsOf({ ...TRAFFIC, cpu: 860 }), ["the load was busy for 86 % of the time"]);
  t.deepEqual(flawsOf({ ...TRAFFIC, sent: 0 }), ["nothing was sent"]);
});

const judgementOf = (runs: readonly RecordedRun[], strictness?: Strictness) =>
  judge(runs, strictness).find(({ target: requirement }) =>
    requirement.title.includes("redis-adapter, 1 recipient, 1 KB"),
  );

test("a target is met at its limit, missed beyond it, and judged by the median", (t) => {
  t.true(judgementOf(bothSystems("1kb", [50, 10, 50], [100, 100, 100]))?.isMet);
  t.false(judgementOf(bothSystems("1kb", [51, 10, 51], [100, 100, 100]))?.isMet);
  t.true(judgementOf(bothSystems("1kb", [140, 90, 120], [100, 100, 100]), LENIENT)?.isMet);
  t.false(judgementOf(bothSystems("1kb", [110, 101, 120], [100, 100, 100]), LENIENT)?.isMet);
  t.is(judgementOf(bothSystems("64kb", [1], [1])), undefined);
});

test("a wide spread makes a target invalid, unless it has no limit", (t) => {
  t.true(judgementOf(bothSystems("1kb", [10, 40, 20, 50, 30], [100, 100, 100, 100, 100]))?.isTooWide);
  const unjudged = judge([...bothSystems("steady-1kb", [10, 90, 200], [100, 100, 100])]);
  t.deepEqual(
    unjudged.map(({ isMet, isTooWide }) => [isMet, isTooWide]),
    [[undefined, false]],
  );
});

test("every target is of cases and systems that are measured", (t) => {
  const everything = CASES.flatMap(({ name, systems }) => systems.map((system) => run(name, system, 1, 10)));
  const memory = (["bridge", "plain"] as const).map(
    (system): RecordedRun => ({
      ...{ kind: "memory", case: "memory", system, repeat: 1, rssPerClient: 10, heapPerClient: 9 },
    }),
  );
  const judged = judge([...everything.filter((each) => each.case !== "memory"), ...memory]);
  t.is(judged.filter(({ isMet }) => isMet !== undefined).length, 12);
});

test("missed targets stand out", (t) => {
  const table = targetTable(judge(bothSystems("1kb", [51, 51], [100, 100])));
  t.true(pageTable(table).endsWith("| against redis-adapter, 1 recipient, 1 KB | 0.50 | 0.51 | 0 % | **missed** |"));
  t.true(terminalTable(table).includes("missed"));
});

test("a measured system has a column, with empty cells for cases without it", (t) => {
  const runs = [run("1kb", "bridge", 1, 12.345), run("1kb", "flask", 1, 1_234.5), run("64kb", "bridge", 1, 300)];
  t.is(
    pageTable(tablesOf(runs, [])[0] ?? t.fail()),
    [
      "|  | bridge | Flask-SocketIO |",
      "| --- | ---: | ---: |",
      "| 1 KB, 1 recipient | 12.3 | 1,235 |",
      "| 64 KB | 300 |  |",
    ].join("\n"),
  );
});

test("numbers have three significant digits, or all integer digits", (t) => {
  t.deepEqual([0, 0.01234, 1.5, 99.96, 123_456.7].map(number), ["0", "0.0123", "1.5", "100", "123,457"]);
});

test("every repeat measures each system once in each case, and starts with a different one", (t) => {
  const steps = plan({ systems: ["bridge", "redis-adapter", "plain"], cases: ["1kb", "memory"], repeat: 2 });
  t.deepEqual(
    steps.map(({ measured, system, repeat }) => `${repeat} ${measured.name} ${system}`),
    [
      "1 1kb bridge",
      "1 1kb redis-adapter",
      "1 memory plain",
      "1 memory bridge",
      "1 memory redis-adapter",
      "2 1kb redis-adapter",
      "2 1kb bridge",
      "2 memory bridge",
      "2 memory redis-adapter",
      "2 memory plain",
    ],
  );
});

test("the display has a bar for each system that was measured, the longest for the slowest", (t) => {
  const lines = medianLines(bothSystems("1kb", [10], [40]), caseOf("1kb"));
  t.deepEqual(
    lines.map((line) => line.replaceAll(/[^█]/g, "").length),
    [10, 40],
  );
});

test("messages in flight are bounded for all recipients together", (t) => {
  t.is(windowOf(caseOf("1kb")), 64);
  t.is(windowOf(caseOf("1000-recipients")), 4);
  t.is(windowOf({ ...caseOf("64kb"), recipients: 8 }), 8);
});

test("the plot has a bar for each system in each of its cases, with its figure", (t) => {
  const systems = ["bridge", "redis-adapter", "python-async"] as const;
  const runs = ["1kb", "64kb"].flatMap((name) => systems.map((system, index) => run(name, system, 1, 10 + index * 45)));
  t.deepEqual(
    barsOf(runs).map((bar) => [bar.case, bar.system, bar.cpu, bar.ratio]),
    [
      ["1 KB, 1 recipient", "bridge", 10, 10 / 55],
      ["1 KB, 1 recipient", "redis-adapter", 55, 1],
      ["1 KB, 1 recipient", "python-socketio AsyncServer", 100, 100 / 55],
      ["64 KB", "bridge", 10, 10 / 55],
      ["64 KB", "redis-adapter", 55, 1],
      ["64 KB", "python-socketio AsyncServer", 100, 100 / 55],
    ],
  );
  const svg = drawPlot(runs);
  t.true(svg.startsWith("<svg xmlns="));
  t.is(svg.match(/<rect/g)?.length, 6);
  for (const text of ["1 KB, 1 recipient", "64 KB", "python-socketio AsyncServer", "0.18   10 µs", "1.82   100 µs"]) {
    t.true(svg.includes(text), text);
  }
});
