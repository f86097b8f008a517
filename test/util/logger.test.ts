import test from "ava";
import { RateLimitedLog } from "../../src/util/logger.js";
import { redactUrl } from "../../src/util/redact-url.js";

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

for (const [url, redacted] of [
  ["redis://h:6379/0", "redis://h:6379/0"],
  ["redis://user@h", "redis://user@h"],
  ["redis://:secret@h", "redis://:***@h"],
  ["redis://user:sec:ret@h:1/2", "redis://user:***@h:1/2"],
  ["redis://user:sec@ret@h", "redis://user:***@h"],
  ["redis://user:sec/ret@h", "redis://user:***@h"],
  ["redis+sentinel://u:secret@h1:1,h2:2/0/s", "redis+sentinel://u:***@h1:1,h2:2/0/s"],
  [" redis://:secret@h", " redis://:***@h"],
  ['"redis://u:secret@h"', '"redis://u:***@h"'],
  ["default:secret@h:6379", "default:***@h:6379"],
  ["redis:/user:secret@h", "redis:/user:***@h"],
  ["redis://h?ssl_password=secret&x=1", "redis://h?ssl_password=***&x=1"],
  ["unix:///s.sock?db=1&password=secret", "unix:///s.sock?db=1&password=***"],
  ["unix:///s.sock?password=secret&db=1", "unix:///s.sock?password=***&db=1"],
] as const) {
  test(`no secret of ${JSON.stringify(url)} is shown`, (t) => {
    t.is(redactUrl(url), redacted);
  });
}
