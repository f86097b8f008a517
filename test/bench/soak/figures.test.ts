import test from "ava";
import { figuresOf, problemsOf, type Soak } from "../../../bench/soak/figures.js";
import { drawPlot } from "../../../bench/soak/plot.js";
import { soakTable } from "../../../bench/soak/report.js";

const MIB = 2 ** 20;

/** Forty samples, a minute apart; each figure may depend on the minute. */
function samples(of: (minute: number) => { readonly rss?: number; readonly handles?: number }) {
  return Array.from({ length: 40 }, (_, minute) => ({
    ...{ at: minute * 60_000, rss: 80 * MIB, heapUsed: 20 * MIB, external: 3 * MIB, handles: 12 },
    ...{ loopLagP99: minute % 2, loopLagMax: minute, busLag: minute === 20 ? null : 2 },
    ...of(minute),
  }));
}

const soak = (of: Parameters<typeof samples>[0], parts: Partial<Soak> = {}): Soak => ({
  ...{ bus: "kafka", measured: "2026-01-01T00:00:00.000Z", machine: "a machine", minutes: 40, rate: 100 },
  ...{ heartbeatInterval: 5_000, hosts: [{ host: "node-1", samples: samples(of) }] },
  ...{ expected: 1_000, lost: 0, doubled: 0, problems: [], ...parts },
});

test("a host whose memory goes up and down, but not up and up, stays as it is", (t) => {
  t.deepEqual(problemsOf(soak((minute) => ({ rss: (80 + (minute % 5) * 10) * MIB }))), []);
});

test("what the first tenth of a run takes is not growth", (t) => {
  t.deepEqual(problemsOf(soak((minute) => ({ rss: (minute < 4 ? 10 : 80) * MIB }))), []);
});

test("memory and handles that grow are found", (t) => {
  t.deepEqual(problemsOf(soak((minute) => ({ rss: (80 + minute) * MIB }))), [
    "kafka, node-1: rss in MiB grows from 92.5 to 110.5",
  ]);
  t.deepEqual(problemsOf(soak((minute) => ({ handles: 12 + minute }))), [
    "kafka, node-1: the number of handles grows from 24.5 to 42.5",
  ]);
});

test("what is lost or doubled is a problem", (t) => {
  t.deepEqual(problemsOf(soak(() => ({}), { lost: 2, doubled: 1, problems: ["stuck"] })), [
    "kafka: 2 lost",
    "kafka: 1 doubled",
    "kafka: stuck",
  ]);
});

test("lags are those of the whole run, without the time in which a channel was stale", (t) => {
  const figures = figuresOf("kafka", { host: "node-1", samples: samples(() => ({})) });
  t.deepEqual(figures.busLag, { typical: 2, longest: 2 });
  t.deepEqual(figures.loopLag, { typical: 0.5, longest: 39 });
});

test("the table has a row for each host, and the plot a panel for each figure and broker", (t) => {
  const soaks = [soak(() => ({})), soak(() => ({}), { bus: "redis" })];
  const [, , first] = soakTable(soaks).split("\n");
  t.is(
    first,
    "| Kafka | node-1 | 80.0 → 80.0 | 20.0 → 20.0 | 3.0 → 3.0 | 12 → 12 | 0.5, at most 39 | 2.0, at most 2 | 1000 | 0 | 0 |",
  );
  const svg = drawPlot(soaks);
  t.true(svg.startsWith("<svg xmlns="));
  t.is(svg.match(/>Kafka</g)?.length, 5);
  t.is(svg.match(/stroke="#d9482b"/g)?.length, 10);
  t.false(svg.includes("NaN"));
});
