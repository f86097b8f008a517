import test from "ava";
import { parseOptions as parseChaos } from "../../../bench/chaos/options.js";
import { UsageError } from "../../../bench/shared/options.js";
import { parseOptions as parseSoak } from "../../../bench/soak/options.js";

test("both run for an hour on each broker by default", (t) => {
  const buses = ["redis", "rabbitmq", "kombu-redis", "kafka"];
  t.like(parseSoak([]), { minutes: 60, rate: 100, buses });
  t.like(parseChaos([]), { minutes: 60, rate: 5, buses });
});

test("a run that is not told its seed gets a new one each time", (t) => {
  t.not(parseChaos([]).seed, parseChaos([]).seed);
  t.is(parseChaos(["--seed", "7"]).seed, 7);
});

for (const [parse, args, message] of [
  [parseChaos, ["--seed", "x"], /--seed is "x"; it takes a whole number from 0/],
  [parseChaos, ["--minutes", "0"], /--minutes is "0"; it takes a whole number from 1/],
  [parseSoak, ["--bus", "nats"], /--bus is "nats"; it takes redis, rabbitmq/],
  [parseSoak, ["--seed", "1"], /Unknown option '--seed'/],
] as const) {
  test(`${args.join(" ")} is rejected in one line`, (t) => {
    const error = t.throws(() => parse(args), { instanceOf: UsageError, message });
    t.false(error.message.includes("\n"));
  });
}
