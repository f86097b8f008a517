import test from "ava";
import { checkJson } from "../../../src/protocol/json/check-json.js";
import { MAX_DEPTH } from "../../../src/protocol/values/limits.js";

function check(json: string | Uint8Array) {
  const bytes = Buffer.from(json);
  return checkJson(bytes, 0, bytes.length);
}

const ASCII = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-0.0",
  "1.0",
  "1e5",
  "1E+05",
  "12.5e-300",
  "9007199254740993",
  '""',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"\\u00e9\\uD83D\\ude00"',
  '"\\ud800"',
  '"\\u005f"',
  "[]",
  "[ ]",
  "{}",
  "{\n}",
  "[[],{},[{}]]",
  '{"a":{"b":[1,{"c":"d"}]},"e":[]}',
  ' \t\r\n[ 1 , "a" , { "b" : null , "c" : [ ] } ]\n ',
  '{"a":1,"a":2}',
];

test("JSON in ASCII is accepted as ascii", (t) => {
  for (const json of ASCII) {
    t.notThrows(() => JSON.parse(json));
    t.is(check(json), "ascii", json);
  }
});

test("JSON in UTF-8 is accepted as utf8", (t) => {
  for (const json of ['"é"', '["实时"]', '{"ключ":"\u{1f40d}"}', '"\u2028"', '"\ufeff"', '"\ufffd"']) {
    t.is(check(json), "utf8", json);
  }
});

const BROKEN: readonly (string | Uint8Array)[] = [
  "",
  " ",
  "nul",
  "nulll",
  "True",
  "NaN",
  "[NaN]",
  "Infinity",
  '{"a":-Infinity}',
  "undefined",
  "01",
  "-",
  "-01",
  "+1",
  "1.",
  ".5",
  "1e",
  "1e+",
  "0x10",
  "1 2",
  "1,2",
  '"',
  '"a',
  '"\\"',
  '"\\x41"',
  '"\\u12"',
  '"\\u12g4"',
  '"\n"',
  '"\u0000"',
  '"\u001f"',
  "'a'",
  "[",
  "]",
  "[1",
  "[1,",
  "[1,]",
  "[,1]",
  "[1 2]",
  "[1}",
  "[1:2]",
  "{",
  "}",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{"a":1 "b":2}',
  '{"a":1]',
  "{a:1}",
  "{1:1}",
  '{"a",1}',
  "[]]",
  "[][]",
  "{}{}",
  "\ufeff[]",
  "\u00a0[]",
  "[]\u0000",
  Buffer.from([0x22, 0xff, 0x22]),
  Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
  Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
  Buffer.from([0x22, 0xe5, 0xae, 0x22]),
];

test("what JSON.parse rejects is rejected", (t) => {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (const json of BROKEN) {
    const bytes = Buffer.from(json);
    t.throws(() => JSON.parse(utf8.decode(bytes)));
    t.is(check(bytes), undefined, `${bytes.toString("hex")} ${bytes}`);
  }
});

test("bytes before and after the range are not looked at", (t) => {
  const bytes = Buffer.from('"é" , [1, 2] , x');
  const [start, end] = [bytes.indexOf("["), bytes.indexOf("]") + 1];
  t.is(checkJson(bytes, start, end), "ascii");
  t.is(checkJson(bytes, start - 1, end + 1), "ascii");
  t.is(checkJson(bytes, start, end + 2), undefined);
});

test("a value that ends after the range is rejected", (t) => {
  const bytes = Buffer.from('["ab", 12]');
  for (let end = 0; end < bytes.length; end += 1) {
    t.is(checkJson(bytes, 0, end), undefined);
  }
  t.is(checkJson(bytes, 1, 4), undefined);
  t.is(checkJson(bytes, 1, 5), "ascii");
  t.is(checkJson(bytes, 7, 8), undefined);
});

test("a view of a larger buffer is read from its own start", (t) => {
  const buffer = Buffer.from('xx{"a":"é"}xx');
  const view = new Uint8Array(buffer.buffer, buffer.byteOffset + 2, buffer.length - 4);
  t.is(checkJson(view, 0, view.length), "utf8");
});

test("nesting is limited so that the message as a whole is not too deep", (t) => {
  const lists = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  for (const nested of [lists, objects]) {
    t.is(check(nested(MAX_DEPTH - 1)), "ascii");
    t.is(check(nested(MAX_DEPTH)), undefined);
    t.is(check(nested(1_000_000)), undefined);
  }
  t.is(check(`[${"[[]],".repeat(10_000)}1]`), "ascii");
});

const UNSAFE = [
  '{"__proto__":1}',
  '[{"a":{"__proto__" : {}}}]',
  '{"constructor":{"prototype":{}}}',
  '{"constructor":1}',
  '{"\\u005f_proto__":1}',
  '{"constructo\\u0072":{}}',
  '{"a":1,"\\u0041":2}',
];

test("what may have an unsafe key is rejected", (t) => {
  for (const json of UNSAFE) {
    t.is(check(json), undefined, json);
  }
});

test("unsafe names are accepted as values, and similar names as keys", (t) => {
  const safe = {
    a: ["__proto__", "constructor"],
    __proto: 1,
    __prot0__: 1,
    constructs: 1,
    construction: 1,
    prototype: 1,
  };
  t.is(check(JSON.stringify(safe)), "ascii");
  t.is(check('{"\\u00e9\\u5b9e\\u0000":"\\u005f"}'), "ascii");
});
