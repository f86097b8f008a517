import test from "ava";
import { UsageError } from "../../../bench/shared/options.js";
import { CASES } from "../../../bench/speed/cases.js";
import { HELP, parseOptions } from "../../../bench/speed/options.js";
import { SYSTEM_NAMES } from "../../../bench/speed/systems.js";

test("without flags everything is measured five times", (t) => {
  const { systems, cases, repeat, write } = parseOptions([]);
  t.deepEqual(systems, SYSTEM_NAMES);
  t.deepEqual(
    cases,
    CASES.map(({ name }) => name),
  );
  t.deepEqual([repeat, write], [5, false]);
});

test("--short has few systems and cases, which flags can reduce further", (t) => {
  const { systems, cases, repeat } = parseOptions(["--short", "--case", "1kb,16kb"]);
  t.deepEqual(systems, ["floor", "bridge", "passthrough-off", "redis-adapter"]);
  t.deepEqual(cases, ["1kb"]);
  t.is(repeat, 3);
  t.is(parseOptions(["--short", "--repeat", "1"]).repeat, 1);
});

test("--profile is of the bridge unless a system is named", (t) => {
  t.deepEqual(parseOptions(["--profile"]).systems, ["bridge"]);
  t.deepEqual(parseOptions(["--profile", "--system", "streams"]).systems, ["streams"]);
});

test("the help names every case and every system", (t) => {
  for (const name of [...SYSTEM_NAMES, ...CASES.map((each) => each.name)]) {
    t.regex(HELP, new RegExp(`\\n {23}${name} `));
  }
});

for (const [args, message] of [
  [["--system", "nats"], /--system is "nats"; it takes floor, bridge/],
  [["--case", "2kb"], /--case is "2kb"; it takes 1kb, 100b/],
  [["--repeat", "0"], /--repeat is "0"; it takes a whole number from 1/],
  [["--short", "--write"], /--write puts a whole measurement on the page, which --short is not/],
] as const) {
  test(`${args.join(" ")} is rejected in one line`, (t) => {
    const error = t.throws(() => parseOptions(args), { instanceOf: UsageError, message });
    t.false(error.message.includes("\n"));
  });
}
