import test from "ava";
import { parseOptions } from "../../../bench/faults/options.js";
import { UsageError } from "../../../bench/shared/options.js";

test("without flags everything is measured", (t) => {
  const { buses, faults, rate, repeat } = parseOptions([]);
  t.deepEqual(buses, ["redis", "rabbitmq", "kombu-redis", "kafka"]);
  t.deepEqual(faults, ["restart", "cut", "black-hole", "blocked-loop", "killed", "failover"]);
  t.deepEqual([rate, repeat], [200, 5]);
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
