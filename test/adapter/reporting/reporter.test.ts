import test from "ava";
import { Reporter } from "../../../src/adapter/reporting/reporter.js";

function makeReporter() {
  const lines: string[] = [];
  const reporter = new Reporter({ info: () => {}, warn: (line) => lines.push(line) }, ["socketio"]);
  return { lines, reporter };
}

test("names that clients choose cost one line a minute, however many there are", (t) => {
  const { lines, reporter } = makeReporter();
  let texts = 0;
  for (let number = 0; number < 3_000; number += 1) {
    reporter.warnOnce("except", `${number} ${"x".repeat(number % 2 === 0 ? 10 : 10_000)}`, () => {
      texts += 1;
      return `except ${number}`;
    });
  }
  t.deepEqual(lines, ["[socketio-python-bridge] except 0"]);
  t.is(texts, 1);
});

test("what code of the application throws is logged with where it was thrown, on one line", (t) => {
  const { lines, reporter } = makeReporter();
  reporter.threw("a handler", new Error("first\nsecond"));
  reporter.threw("a handler", new Error("suppressed for a minute"));
  reporter.threw("a callback", "a string");
  const values: readonly unknown[] = [undefined, 5n, { message: 1 }, Object.assign(new Error("e"), { stack: 7 })];
  for (const [index, value] of values.entries()) {
    t.notThrows(() => reporter.threw(`value ${index}`, value));
  }
  t.regex(
    lines[0] ?? "",
    /^\[socketio-python-bridge\] a handler threw "first\\nsecond" \(at .*reporter\.test\.[jt]s:.*\)$/,
  );
  t.is(lines[1], '[socketio-python-bridge] a callback threw "a string"');
  t.is(lines.length, 2 + values.length);
});
