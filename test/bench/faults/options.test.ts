import test from "ava";
import { parseOptions } from "../../../bench/faults/options.js";
import { UsageError } from "../../../bench/shared/options.js";

test("without flags everything is measured", (t) => {
  const { buses, faults, edgeFaults, rate, repeat, edgeRepeat } = parseOptions([]);
  t.deepEqual(buses, ["redis", "rabbitmq", "kombu-redis", "kafka"]);
  t.deepEqual(faults, ["restart", "cut", "black-hole", "blocked-loop", "killed", "failover"]);
  t.deepEqual(edgeFaults, [
    "edge-reload",
    "edge-restart",
    "edge-worker-killed",
    "edge-black-hole",
    "edge-killed",
    "edge-redis",
  ]);
  t.deepEqual([rate, repeat, edgeRepeat], [200, 5, 2]);
});

test("a bus alone leaves the edge out, and the edge alone the buses", (t) => {
  const measured = (...args: readonly string[]) => {
    const { faults, edgeFaults } = parseOptions(args);
    return [faults.length > 0, edgeFaults.length > 0];
  };
  t.deepEqual(measured("--bus", "redis"), [true, false]);
  t.deepEqual(measured("--edge"), [false, true]);
  t.deepEqual(measured("--edge", "--bus", "redis"), [true, true]);
  t.deepEqual(measured("--fault", "edge-reload"), [false, true]);
  t.deepEqual(measured("--fault", "cut"), [true, false]);
});

test("--repeat counts for both", (t) => {
  t.like(parseOptions(["--repeat", "3"]), { repeat: 3, edgeRepeat: 3 });
});

test("lists are separated by commas or given as several flags", (t) => {
  const { buses, faults } = parseOptions(["--bus", "kafka, redis", "--fault", "cut", "--fault", "killed"]);
  t.deepEqual(buses, ["redis", "kafka"]);
  t.deepEqual(faults, ["cut", "killed"]);
});

for (const [args, message] of [
  [["--bus", "nats"], /--bus is "nats"; it takes redis, rabbitmq/],
  [["--fault", "rain"], /--fault is "rain"; it takes restart, cut/],
  [["--rate", "0"], /--rate is "0"; it takes a whole number from 1/],
  [["--colour"], /Unknown option '--colour'/],
] as const) {
  test(`${args.join(" ")} is rejected in one line`, (t) => {
    const error = t.throws(() => parseOptions(args), { instanceOf: UsageError, message });
    t.false(error.message.includes("\n"));
  });
}
