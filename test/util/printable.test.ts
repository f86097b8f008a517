import test from "ava";
import fc from "fast-check";
import { BridgeError } from "../../src/errors.js";
import { logRejection } from "../../src/reporting/log-rejection.js";
import { logStatus } from "../../src/reporting/log-status.js";
import { printable, printableLine } from "../../src/util/printable.js";
import { quote } from "../../src/util/quote.js";
import { RateLimitedLog } from "../../src/util/rate-limited-log.js";

/** By number, so that the tests do not repeat the expression that they test. */
const HOSTILE: readonly number[] = [
  ...range(0x00, 0x1f),
  // DEL, and the control characters of 8 bits: 0x9b begins a command as ESC [ does, 0x85 ends a line.
  ...range(0x7f, 0x9f),
  0x061c,
  0x200e,
  0x200f,
  0x2028,
  0x2029,
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
];

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const hostile = fc.constantFrom(...HOSTILE).map((code) => String.fromCharCode(code));
const surrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code));
/** Long enough to be cut somewhere. */
const foreign = fc
  .array(fc.oneof(hostile, surrogate, fc.string({ unit: "binary" })), { maxLength: 120 })
  .map((parts) => parts.join(""));

const hasHostile = (text: string, allowed: readonly number[] = []): boolean =>
  !text.isWellFormed() ||
  [...text].some((one) => HOSTILE.includes(one.charCodeAt(0)) && !allowed.includes(one.charCodeAt(0)));

const LINE_BREAK = 0x0a;
const TAB = 0x09;

test("what is quoted has no character that a terminal or a log obeys, and is short", (t) => {
  const value = fc.oneof(foreign, fc.dictionary(foreign, foreign), fc.array(foreign));
  fc.assert(
    fc.property(value, (any) => {
      const text = quote(any);
      return !hasHostile(text) && text.length <= 80;
    }),
  );
  t.is(quote("a\u009b2J\u0085\u2028\u202e\u007f"), '"a\\u009b2J\\u0085\\u2028\\u202e\\u007f"');
});

test("what can be shown stays: other scripts, emoji with joiners, quotes", (t) => {
  for (const text of ["žluť", "русский", "עברית", "فارسی می‌خواهم", "日本語", "👩‍👩‍👧‍👦", 'say "no"']) {
    t.is(printable(text), text);
    t.is(printableLine(text), text);
  }
});

test("JSON keeps its meaning when it is made printable", (t) => {
  fc.assert(
    fc.property(fc.json(), foreign, (json, text) => {
      const both = JSON.stringify([JSON.parse(json), text]);
      t.deepEqual(JSON.parse(printableLine(both)), JSON.parse(both));
    }),
  );
  t.pass();
});

test("every message of a BridgeError is printable; it may have several lines", (t) => {
  fc.assert(
    fc.property(foreign, (text) => !hasHostile(new BridgeError("BRIDGE_TIMEOUT", text).message, [LINE_BREAK, TAB])),
  );
  t.is(new BridgeError("BRIDGE_TIMEOUT", "one\n\ttwo\u001b[2J").message, "one\n\ttwo\\u001b[2J");
});

test("a log line is one line, whatever the broker, another host or an error has put into it", (t) => {
  fc.assert(
    fc.property(foreign, (text) => {
      const lines: string[] = [];
      const log = new RateLimitedLog((line) => lines.push(line));
      logStatus(log, { type: "error", error: new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `Redis: -${text}`) });
      logStatus(log, { type: "stale", channel: text, silence: 1 });
      logRejection(log, text, { reason: "not_json", detail: text }, text);
      log.line("any", () => text);
      return lines.length === 4 && !lines.some((line) => hasHostile(line));
    }),
  );
  t.pass();
});
