import test from "ava";
import { redactUrl } from "../../src/util/redact-url.js";

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
