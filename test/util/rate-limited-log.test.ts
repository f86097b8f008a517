import test from "ava";
import { RateLimitedLog } from "../../src/util/rate-limited-log.js";

test("one line per key and window, and the next says how many were left out", (t) => {
  const lines: string[] = [];
  const log = new RateLimitedLog((line) => lines.push(line), 1_000);
  log.line("a", () => "a1", 0);
  log.line("a", () => "a2", 10);
  log.line("b", () => "b1", 20);
  log.line("a", () => "a3", 999);
  log.line("a", () => "a4", 1_000);
  log.line("a", () => "a5", 2_000);
  t.deepEqual(lines, ["a1", "b1", "a4 (and 2 more like it since the last line)", "a5"]);
});

test("the keys that are remembered are bounded", (t) => {
  const lines: string[] = [];
  const log = new RateLimitedLog((line) => lines.push(line), 1_000);
  for (let number = 0; number < 10_000; number += 1) {
    log.line(`key ${number}`, () => "line", 0);
  }
  t.true(log.size <= 1_000);
});
