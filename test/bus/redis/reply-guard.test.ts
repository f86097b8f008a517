import test from "ava";
import fc from "fast-check";
import { type Expected, ReplyGuard } from "../../../src/bus/redis/reply-guard.js";

const nothing: Expected = { awaited: undefined, isSubscriber: false };
const ping: Expected = { awaited: "ping", isSubscriber: false };
const info: Expected = { awaited: "info", isSubscriber: false };
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
const UNSUBSCRIBED = "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n";
const SLOTS = "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$-1\r\n:7000\r\n$2\r\nid\r\n*0\r\n";

const BEARABLE: readonly (readonly [string, Expected])[] = [
  ["+PONG\r\n", ping],
  [":1\r\n", { awaited: "publish", isSubscriber: false }],
  ["$-1\r\n", { awaited: "get", isSubscriber: false }],
  ["*-1\r\n", { awaited: "sentinel", isSubscriber: false }],
  ["%2\r\n+server\r\n$5\r\nredis\r\n+proto\r\n:3\r\n", { awaited: "hello", isSubscriber: false }],
  [SLOTS, { awaited: "cluster", isSubscriber: false }],
  ["-NOPERM no\r\n", subscribe],
  [`>${SUBSCRIBED}`, subscribe],
  [`*${SUBSCRIBED}`, subscribe],
  [`*${SUBSCRIBED}`, resp2("SUBSCRIBE")],
  [`*${MESSAGE}`, resp2()],
  [`>${MESSAGE}`, ping],
  ["*2\r\n$4\r\npong\r\n$0\r\n\r\n", resp2("ping")],
  [UNSUBSCRIBED, { awaited: "unsubscribe", isSubscriber: false }],
  [UNSUBSCRIBED, resp2("unsubscribe")],
  ["$0\r\n\r\n", info],
  ["=8\r\ntxt:role\r\n", info],
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
  ["*1\r\n$1\r\nx\r\n", subscribe],
  ["*2\r\n$4\r\npong\r\n$-1\r\n", subscribe],
  [UNSUBSCRIBED, subscribe],
  [`*${MESSAGE}`, subscribe],
  ["$-1\r\n", { awaited: "unsubscribe", isSubscriber: false }],
  [`>${SUBSCRIBED}`, ping],
  [`*${SUBSCRIBED}`, resp2("ping")],
  ["*1\r\n$1\r\nx\r\n", resp2()],
  ["*1\r\n$1\r\nx\r\n", resp2("subscribe")],
  ["$-1\r\n", info],
  ["_\r\n", info],
  ["*0\r\n", info],
  ["*1\r\n-ERR\r\n", ping],
  [`(${"9".repeat(101)}\r\n`, ping],
  ["\0", ping],
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
  guard.push(Buffer.from("*99999999\r\n"));
  const chunk = Buffer.alloc(1024 * 1024, ":1\r\n");
  t.throws(() => Array.from({ length: 33 }, () => guard.push(chunk)), { message: /of more than 33554432 bytes/ });
  // Nobody waits for what will be refused.
  t.throws(() => passed(whole("$99999999\r\n"), ping), { message: /of more than 33554432 bytes/ });
  t.throws(() => passed(whole(`+${"x".repeat(70_000)}`), ping), { message: /is not its protocol/ });
});

test("a reply that spans chunks is not copied at each of them", (t) => {
  const size = 30 * 1024 * 1024;
  const replies: Buffer[] = [];
  const guard = new ReplyGuard(
    (reply) => replies.push(reply),
    () => ping,
  );
  guard.push(Buffer.from(`$${size}\r\n`));
  const chunk = Buffer.alloc(512, "x");
  // Joining at every chunk would move about 10^12 bytes here.
  for (let sent = 0; sent < size; sent += chunk.length) {
    guard.push(chunk);
  }
  guard.push(Buffer.from("\r\n:1\r"));
  guard.push(Buffer.from("\n"));
  t.is(replies[0]?.toString(), `$${size}\r\n${"x".repeat(size)}\r\n`);
  t.deepEqual(replies.slice(1).map(String), [":1\r\n"]);
});

test("a client that asked nothing may be turned away, once", (t) => {
  const error = "-ERR max number of clients reached\r\n";
  t.deepEqual(passed(whole(error), nothing), [error]);
  t.throws(() => passed(whole(error + error), nothing), {
    message: /^Redis sent an answer to nothing that was asked: /,
  });
  t.deepEqual(passed(whole(error + error), ping), [error, error]);
});

for (const [text, expected, what] of [
  ["+OK\r\n", nothing, "an answer to nothing that was asked"],
  [`>${SUBSCRIBED}`, nothing, "an answer to nothing that was asked"],
  [">1\r\n_\r\n", nothing, "a malformed push"],
  ["+OK\r\n", subscribe, "a malformed answer to SUBSCRIBE"],
  ["$-1\r\n", info, "a malformed answer to INFO"],
] as const) {
  test(`${JSON.stringify(text)} while ${expected.awaited ?? "nothing"} is awaited is ${what}`, (t) => {
    t.throws(() => passed(whole(text), expected), { message: new RegExp(`^Redis sent ${what}: `) });
  });
}

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
