import test from "ava";
import { BARS, type Bar, judge } from "../../../bench/edge/bars.js";
import type { ContenderName } from "../../../bench/edge/contenders.js";
import type { Figures, Run } from "../../../bench/edge/figures.js";
import { pagePart } from "../../../bench/edge/report.js";
import { barTable, figureTable } from "../../../bench/edge/tables.js";

const run = (contender: ContenderName, round: number, figures: Figures): Run => ({
  ...{ measure: "echo", contender, round, figures },
});

/** One figure of two contenders, a pair for each round. */
const rounds = (figure: keyof Figures, one: ContenderName, other: ContenderName, pairs: readonly [number, number][]) =>
  pairs.flatMap(([a, b], index) => [run(one, index + 1, { [figure]: a }), run(other, index + 1, { [figure]: b })]);

const barsOf = (runs: readonly Run[]) => judge(runs).map(({ bar, value, isMet }) => [bar.figure, value, isMet]);

test("a ratio is the median of the ratios in each round, not the ratio of the medians", (t) => {
  const runs = rounds("echoRate", "edge-gthread", "gthread", [
    [100, 100],
    [300, 200],
    [50, 500],
  ]);
  t.deepEqual(barsOf(runs), [["echoRate", 1, true]]);
});

test("a latency that is added is a difference", (t) => {
  const runs = rounds("p50", "edge-asgi", "asgi", [
    [3, 1],
    [4.5, 1],
    [5, 1],
  ]);
  t.deepEqual(barsOf(runs), [["p50", 3.5, false]]);
});

test("one client that is dropped in one round is too many", (t) => {
  const runs = [1, 2, 3].map((round) => run("edge-gthread", round, { dropped: round === 2 ? 2 : 0 }));
  t.deepEqual(barsOf(runs), [["dropped", 2, false]]);
  t.deepEqual(barsOf([run("edge-gthread", 1, { dropped: 0 })]), [["dropped", 0, true]]);
});

test("a contender that was measured in other rounds is compared with nobody", (t) => {
  t.deepEqual(barsOf([run("edge-gthread", 1, { echoRate: 1 }), run("gthread", 2, { echoRate: 1 })]), []);
});

test("what has no limit has no verdict", (t) => {
  t.deepEqual(barsOf(rounds("echoRate", "edge-asgi", "asgi", [[1, 2]])), [["echoRate", 0.5, undefined]]);
});

test("a limit itself is met", (t) => {
  const verdict = (one: number, limit: Pick<Bar, "atMost" | "atLeast">) => {
    const bar: Bar = { title: "", figure: "p50", one: "edge-asgi", other: "asgi", comparison: "ratio", ...limit };
    return judge(rounds("p50", "edge-asgi", "asgi", [[one, 1]]), [bar])[0]?.isMet;
  };
  t.deepEqual([verdict(2, { atMost: 2 }), verdict(2.1, { atMost: 2 })], [true, false]);
  t.deepEqual([verdict(2, { atLeast: 2 }), verdict(1.9, { atLeast: 2 })], [true, false]);
});

test("the bars are those of docs/edge.md's promises", (t) => {
  const limits = (figure: string) =>
    BARS.filter((bar) => bar.figure === figure).map(({ atMost, atLeast }) => atMost ?? atLeast);
  t.deepEqual(limits("memoryPerClient"), [0.25, undefined, undefined]);
  t.deepEqual(limits("cpuPerDelivery"), [0.15, 0.15, undefined]);
  t.deepEqual(limits("echoRate"), [1, 1, undefined]);
  t.deepEqual(limits("queryRate"), [3, undefined]);
  t.deepEqual(limits("p50"), [2, 2, 2, 2]);
  t.deepEqual(limits("dropped"), [0, 0]);
});

test("the page has verdicts and figures, and what was measured on", (t) => {
  const runs = rounds("echoRate", "edge-gthread", "gthread", [
    [1_200, 1_000],
    [500, 1_000],
    [800, 1_000],
  ]);
  const judgements = judge(runs);
  t.deepEqual(barTable(judgements).rows, [
    ["echoes of one Python process, edge against Flask-SocketIO, gthread", "≥ 1", "0.8", "22 %", "missed"],
  ]);
  t.deepEqual(figureTable(runs).rows, [
    ["Flask-SocketIO, gthread", "1,000"],
    ["edge, Flask-SocketIO, gthread", "800"],
  ]);
  const extent = {
    warmUp: 1,
    time: 1,
    busyClients: 10,
    fanOutClients: 20,
    idleClients: 30,
    idleThreaded: 30,
    paced: 1,
    settle: 1,
  };
  const page = pagePart({ runs, rounds: 3, extent }, "Measured on a machine.");
  t.regex(page, /^Measured on a machine\. Medians of 3 rounds.*10 clients echo/);
  t.regex(page, /\*\*missed\*\*/);
});
