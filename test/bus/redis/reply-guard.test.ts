import test from "ava";
import fc from "fast-check";
import { type Expected, ReplyGuard } from "../../../src/bus/redis/reply-guard.js";

const nothing: Expected = { awaited: undefined, isSubscriber: false };
const ping: Expected = { awaited: "ping", isSubscriber: false };
const subscribe: Expected = { awaited: "subscribe", isSubscriber: false };
const resp2 = (awaited?: string): Expected => ({ awaited, isSubscriber: true });

/** @returns the replies that were passed on, in Latin-1 */
function passed(chunks: readonly Buffer[], expected: Expected): readonly string[] {
  const replies: string[] = [];
  const guard = new ReplyGuard(
    (reply) => replies.push(reply.toString("latin1")),
    () => expected,
  );
  for (const chunk of chunks) {
    guard.push(chunk);
  }
  return replies;
}

const whole = (text: string): readonly Buffer[] => [Buffer.from(text, "latin1")];

const SUBSCRIBED = "3\r\n$9\r\nsubscribe\r\n$8\r\nsocketio\r\n:1\r\n";
const MESSAGE = "3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n$2\r\nhi\r\n";
const SLOTS = "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$-1\r\n:7000\r\n$2\r\nid\r\n*0\r\n";

const BEARABLE: readonly (readonly [string, Expected])[] = [
  ["+PONG\r\n", ping],
  [":1\r\n", { awaited: "publish", isSubscriber: false }],
  ["$-1\r\n", { awaited: "get", isSubscriber: false }],
  ["*-1\r\n", { awaited: "sentinel", isSubscriber: false }],
  ["%2\r\n+server\r\n$5\r\nredis\r\n+proto\r\n:3\r\n", { awaited: "hello", isSubscriber: false }],
  [SLOTS, { awaited: "cluster", isSubscriber: false }],
  ["-ERR max number of clients reached\r\n", nothing],
  ["-NOPERM no\r\n", subscribe],
  [`>${SUBSCRIBED}`, subscribe],
  [`*${SUBSCRIBED}`, subscribe],
  [`*${SUBSCRIBED}`, resp2("SUBSCRIBE")],
  [`*${MESSAGE}`, resp2()],
  [`>${MESSAGE}`, ping],
  ["*2\r\n$4\r\npong\r\n$0\r\n\r\n", resp2("ping")],
  [">2\r\n+invalidate\r\n_\r\n", nothing],
  [">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n", nothing],
];

const UNBEARABLE: readonly (readonly [string, Expected])[] = [
  ["$-1\r\n", nothing],
  ["+OK\r\n", nothing],
  ["*1\r\n$1\r\nx\r\n", nothing],
  ["+O\r\n", subscribe],
  [":1\r\n", subscribe],
  ["_\r\n", subscribe],
  ["*0\r\n", resp2("ping")],
  ["*1\r\n$-1\r\n", resp2("ping")],
  ["*1\r\n*0\r\n", resp2("ping")],
  [">0\r\n", ping],
  [">1\r\n_\r\n", ping],
  [">2\r\n$9\r\nsubscribe\r\n_\r\n", ping],
  [">3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n:5\r\n", ping],
  [">3\r\n$7\r\nmessage\r\n:5\r\n$2\r\nhi\r\n", ping],
  [`${"*1\r\n".repeat(33)}:1\r\n`, ping],
  ["*many\r\n", ping],
  [":\rX$-1\r\n", ping],
  ["#true\r\n", ping],
  ["_ \r\n", ping],
  [",none\r\n", ping],
  ["$-10\r\n", ping],
  ["%-1\r\n", ping],
  ["=1\r\nx\r\n", ping],
  ["$99999999999999999999\r\n", ping],
];

test("a reply goes on in one piece, wherever the stream is split", (t) => {
  for (const [text, expected] of BEARABLE) {
    const twice = Buffer.from(text + text, "latin1");
    t.deepEqual(passed([twice], expected), [text, text], text);
    const bytes = Array.from(twice, (byte) => Buffer.of(byte));
    t.deepEqual(passed(bytes, expected), [text, text], text);
  }
});

test("what ioredis would throw at is refused, and what came before it has gone on", (t) => {
  for (const [text, expected] of UNBEARABLE) {
    t.throws(() => passed(whole(text), expected), { message: /^Redis sent / }, text);
    const replies: string[] = [];
    const states = [ping, expected];
    const guard = new ReplyGuard(
      (reply) => replies.push(reply.toString("latin1")),
      () => states.shift() as Expected,
    );
    t.throws(() => guard.push(Buffer.from(`+PONG\r\n${text}`, "latin1")), undefined, text);
    t.deepEqual(replies, ["+PONG\r\n"], text);
  }
});

test("no reply grows without end, and no line", (t) => {
  const guard = new ReplyGuard(
    () => t.fail(),
    () => ping,
  );
  guard.push(Buffer.from("$99999999\r\n"));
  const chunk = Buffer.alloc(1024 * 1024);
  t.throws(() => Array.from({ length: 5 }, () => guard.push(chunk)), { message: /of more than 4194304 bytes/ });
  t.throws(() => passed(whole(`+${"x".repeat(70_000)}`), ping), { message: /is not its protocol/ });
});

test("any bytes at all are passed on in order up to where they are refused", (t) => {
  const piece = fc.oneof(
    fc.constantFrom("$-1\r\n", ":1\r\n", "*2\r\n", ">3\r\n", "$2\r\n", "hi\r\n", "+OK\r\n", "|1\r\n", "\r\n", "%1\r\n"),
    fc.constantFrom(`>${MESSAGE}`, SLOTS),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom(nothing, ping, subscribe, resp2()), (pieces, expected) => {
      const replies: string[] = [];
      const guard = new ReplyGuard(
        (reply) => replies.push(reply.toString("latin1")),
        () => expected,
      );
      const text = Buffer.from(pieces.join("")).toString("latin1");
      try {
        guard.push(Buffer.from(text, "latin1"));
      } catch (error) {
        t.regex((error as Error).message, /^Redis sent /);
      }
      t.true(text.startsWith(replies.join("")));
    }),
  );
});
