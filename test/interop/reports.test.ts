import { createHash } from "node:crypto";
import test from "ava";
import { failedStartToHtml, toHtml } from "../../interop/report/html-report.js";
import { failedStartToJunit, toJunit } from "../../interop/report/junit-report.js";
import { mapTexts } from "../../interop/report/map-texts.js";
import { redactor } from "../../interop/report/redact.js";
import type { Cell, Report } from "../../interop/report/report.js";
import { toTerminal } from "../../interop/report/terminal-report.js";

const HOSTILE = '<script>alert(1)</script> & "quotes" ]]> \u0000\u001b[2J\u202egnp.exe \ud800 end';

const cell = (scenario: string, kind: Cell["kind"], rest: Partial<Cell>): Cell => ({
  scenario,
  kind,
  direction: "python-to-node",
  result: "pass",
  milliseconds: 1_500,
  ...rest,
});

const REPORT: Report = {
  ok: false,
  startedAt: "2026-01-02T03:04:05.678Z",
  milliseconds: 12_345,
  queue: "redis://localhost",
  channel: HOSTILE,
  encoding: "json",
  release: "5.18.1",
  versions: { "python-socketio": "5.18.1", Python: HOSTILE },
  notes: [HOSTILE],
  kinds: ["threaded", "asgi", "write-only"],
  rows: [
    { scenario: "one", title: `first ${HOSTILE}`, direction: "python-to-node" },
    { scenario: "two", title: "second", direction: "python-to-node" },
  ],
  cells: [
    cell("one", "threaded", {}),
    cell("two", "threaded", {
      result: "fail",
      reason: HOSTILE,
      evidence: {
        published: [{ at: 1, by: "python", text: HOSTILE, bytes: 7 }],
        received: [{ client: HOSTILE, events: [HOSTILE] }],
        log: [HOSTILE],
      },
    }),
    cell("one", "asgi", { result: "unavailable", reason: "uvicorn is not installed" }),
    cell("two", "asgi", { result: "unavailable", reason: "uvicorn is not installed" }),
    cell("one", "write-only", { result: "cannot", reason: HOSTILE }),
  ],
};

test("JUnit: a case per cell, counted per suite; characters that XML cannot contain are escaped by number", (t) => {
  const xml = toJunit(REPORT);
  t.is(xml.match(/<testcase /g)?.length, 5);
  t.regex(xml, /<testsuites [^>]*tests="5" failures="1" errors="0" skipped="3"/);
  t.regex(xml, /<testsuite name="threaded: [^>]*tests="2" failures="1" errors="0" skipped="0" time="3.000"/);
  t.regex(xml, /<skipped message="uvicorn is not installed"\/>/);
  t.regex(xml, /<skipped message="that release cannot: &lt;script&gt;alert\(1\)/);
  t.regex(xml, /&amp; &quot;quotes&quot; \]\]&gt; \\u0000\\u001b\[2J/);
  t.regex(xml, / \\ud800 end/);
  t.false(xml.includes("<script>"));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  t.notRegex(xml, /[\u0000-\u0008\u000b-\u001f\ud800-\udfff]/);
});

test("HTML: everything from outside is escaped, and the policy allows only its own style", (t) => {
  const page = toHtml(REPORT);
  t.false(page.includes("<script"));
  t.false(page.includes("\u202e"));
  t.false(page.includes("\u0000"));
  const escaped = page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; &quot;quotes&quot;/g);
  t.is(escaped?.length, page.match(/alert\(1\)/g)?.length);
  const [, style = ""] = /<style>(.*)<\/style>/s.exec(page) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  t.true(page.includes(policy.replaceAll("'", "&#39;")));
  t.notRegex(page, / (?:style|on\w+|src)=/);
  t.notRegex(page, /https?:/);
});

test("the terminal gets no control character from outside", (t) => {
  const text = toTerminal(REPORT);
  t.true(text.includes("uvicorn is not installed"));
  t.regex(text, /1 work, 1 fail, 1 cannot with that release, 2 not available in 12\.3 s/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test("an error that prevented a run is escaped in every report", (t) => {
  const failure = { ok: false, startedAt: REPORT.startedAt, queue: HOSTILE, error: `${HOSTILE}\nmore` } as const;
  for (const text of [failedStartToHtml(failure), failedStartToJunit(failure)]) {
    t.regex(text, /&lt;script&gt;alert\(1\)/);
    t.regex(text, /\nmore/);
    t.false(text.includes("<script"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
    t.notRegex(text, /[\u0000-\u0008\u000b-\u001f\ud800-\udfff]/);
  }
});

test("HTML: a reason that several failures share is one card, to which all of them link", (t) => {
  const reason = "the asgi peer did not start";
  const cells = ["one", "two"].map((scenario) => cell(scenario, "asgi", { result: "fail", reason, notTried: true }));
  const other = cell("two", "threaded", { result: "fail", reason: "something else" });
  const page = toHtml({ ...REPORT, cells: [...cells, other] });
  t.is(page.match(/<details /g)?.length, 2);
  t.is(page.match(/did not start/g)?.length, 1);
  t.deepEqual(
    [...page.matchAll(/<a class="chip fail" href="#(fail-\d)">.*?<small>(.*?)<\/small>/g)].map(([, to, time]) => [
      to,
      time,
    ]),
    [
      ["fail-1", "not tried"],
      ["fail-2", "1.5 s"],
      ["fail-1", "not tried"],
    ],
  );
  t.regex(page, /id="fail-1">[\s\S]*And 1 more with the same reason<\/h3>.*asgi<\/span> second</);
});

test("the options that a release needs are in every report, if it needs any", (t) => {
  const triedWith = 'createAdapter(url, { dialect: "5.14" })';
  const report = { ...REPORT, triedWith };
  t.true(toTerminal(report).includes(`  tried with ${triedWith}\n`));
  const escaped = triedWith.replaceAll('"', "&quot;");
  t.true(toHtml(report).includes(`<dt>Tried with</dt><dd>${escaped}</dd>`));
  t.true(toJunit(report).includes(`<property name="tried with" value="${escaped}"/>`));
  for (const text of [toTerminal(REPORT), toHtml(REPORT), toJunit(REPORT)]) {
    t.notRegex(text, /tried with/i);
  }
});

test("the terminal shows a reason that several failures share once", (t) => {
  const cells = ["one", "two"].map((scenario) => cell(scenario, "asgi", { result: "fail", reason: "it is gone" }));
  const text = toTerminal({ ...REPORT, cells });
  t.is(text.match(/it is gone/g)?.length, 1);
  t.regex(text, /and 1 more with the same reason/);
});

for (const [queue, said] of [
  ["redis://user:s3cret@host", "cannot reach redis://user:s3cret@host: s3cret"],
  ["redis://:p%40ss%2Fword@host/0", "auth p@ss/word, p%40ss%2Fword"],
  ["amqp://guest:hunter22@host:5672//", "amqp://guest:**@host, hunter22"],
  ["redis://host?password=topsecret&db=1", "redis://host?password=topsecret&db=1"],
  ["redis://u:a@host", "redis://u:a@host"],
] as const) {
  test(`the password of ${queue} is nowhere in a report`, (t) => {
    const redacted = mapTexts({ deep: [{ reason: said }], number: 7 }, redactor(queue));
    t.is(redacted.number, 7);
    const text = JSON.stringify(redacted);
    t.notRegex(text, /s3cret|p@ss|p%40ss|hunter22|topsecret|:a@/);
    t.regex(text, /\*\*\*/);
  });
}

test("a queue without a password changes nothing", (t) => {
  const redact = redactor("redis://localhost:6379/0");
  t.is(redact("redis://localhost:6379/0 and more"), "redis://localhost:6379/0 and more");
});
