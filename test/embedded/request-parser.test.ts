import test from "ava";
import { type Parsed, type RequestLimits, RequestParser } from "../../src/embedded/request-parser.js";
import { request } from "./raw-client.js";

const MIB = 1024 * 1024;
const LIMITS: RequestLimits = { maxArguments: 100, maxBytes: 40 * MIB };

/** All that comes out of the chunks, with arguments as latin1. */
function parse(chunks: readonly (string | Buffer)[], limits = LIMITS): (readonly string[] | string)[] {
  const parser = new RequestParser();
  const results: (readonly string[] | string)[] = [];
  for (const chunk of chunks) {
    parser.push(Buffer.from(chunk as string, "latin1"));
    let parsed: Parsed | undefined = parser.next(limits);
    while (parsed?.type === "request") {
      results.push(parsed.args.map((arg) => arg.toString("latin1")));
      parsed = parser.next(limits);
    }
    if (parsed?.type === "malformed") {
      return [...results, parsed.reason];
    }
  }
  return results;
}

test("requests are parsed the same wherever the stream is split", (t) => {
  const stream = Buffer.concat([
    request("PUBLISH", "a\0\r\n\xff", ""),
    Buffer.from("*0\r\n*-1\r\n"),
    request("", "x".repeat(300)),
    request("PING"),
  ]);
  const expected = [["PUBLISH", "a\0\r\n\xff", ""], ["", "x".repeat(300)], ["PING"]];
  t.deepEqual(parse([stream]), expected);
  t.deepEqual(parse(Array.from(stream, (byte) => Buffer.of(byte))), expected);
  for (let cut = 1; cut < stream.length; cut += 1) {
    t.deepEqual(parse([stream.subarray(0, cut), stream.subarray(cut)]), expected);
  }
});

test("an argument that spans chunks is copied once, however many they are", (t) => {
  const parser = new RequestParser();
  const size = 32 * MIB;
  const chunk = Buffer.alloc(512, "x");
  parser.push(Buffer.from(`*1\r\n$${size}\r\n`));
  t.is(parser.next(LIMITS), undefined);
  // Joining at every chunk would move about 10^12 bytes here.
  for (let sent = 0; sent < size; sent += chunk.length) {
    parser.push(chunk);
    t.is(parser.next(LIMITS), undefined);
  }
  parser.push(Buffer.from("\r\n"));
  const parsed = parser.next(LIMITS);
  t.is(parsed?.type === "request" ? parsed.args[0]?.equals(Buffer.alloc(size, "x")) : undefined, true);
});

test("an argument within one chunk is not copied", (t) => {
  const parser = new RequestParser();
  const chunk = request("PUBLISH", "a", "payload");
  parser.push(chunk);
  const parsed = parser.next(LIMITS);
  t.is(parsed?.type === "request" ? parsed.args[2]?.buffer : undefined, chunk.buffer);
});

const MALFORMED: readonly (readonly [string, string])[] = [
  ["*x\r\n", "invalid multibulk length"],
  ["*\r\n", "invalid multibulk length"],
  ["*+1\r\n", "invalid multibulk length"],
  ["*01\r\n", "invalid multibulk length"],
  ["*1\n", "invalid multibulk length"],
  ["*99999999999999999999\r\n", "invalid multibulk length"],
  ["*101\r\n", "invalid multibulk length (this broker takes at most 100 arguments)"],
  ["*1\r\nPING\r\n", "expected '$', got 'P'"],
  ["*1\r\n:4\r\n", "expected '$', got ':'"],
  ["*1\r\n$-1\r\n", "invalid bulk length"],
  ["*1\r\n$x\r\n", "invalid bulk length"],
  ["*1\r\n$04\r\n", "invalid bulk length"],
  [`*1\r\n$${41 * MIB}\r\n`, `invalid bulk length (this broker takes requests of at most ${40 * MIB} bytes)`],
  ["*1\r\n$4\r\nPINGxx", "expected CR LF after a bulk string"],
  ["PING\r\n", "expected '*', got 'P'"],
  ["\r\n", "expected '*', got '\r'"],
  ["x".repeat(33), "invalid multibulk length"],
  [`*${"1".repeat(65_537)}`, "invalid multibulk length"],
  [`*1\r\n$${"1".repeat(65_537)}`, "invalid bulk length"],
];

for (const [bytes, reason] of MALFORMED) {
  test(`${JSON.stringify(bytes.slice(0, 30))} is rejected: ${reason}`, (t) => {
    t.deepEqual(parse([bytes]), [reason]);
    t.deepEqual(parse(Array.from(bytes)), [reason]);
    t.deepEqual(parse([request("PING"), bytes]), [["PING"], reason]);
  });
}

test("the limit in bytes is for all arguments together", (t) => {
  const limits = { ...LIMITS, maxBytes: 10 };
  t.deepEqual(parse([request("12345", "67890"), request("1234567890")], limits), [["12345", "67890"], ["1234567890"]]);
  t.deepEqual(parse([request("12345", "678901")], limits), [
    "invalid bulk length (this broker takes requests of at most 10 bytes)",
  ]);
});
