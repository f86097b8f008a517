import type { ExecutionContext } from "ava";
import test from "ava";
import { startRedis } from "../../scripts/environment/brokers/redis.js";
import { connectTo, type RawClient, request, startBroker } from "../embedded/raw-client.js";

type Step = string | readonly string[];

/** Each is one connection. A string goes out as it is, a list as an array of bulk strings. */
const CONVERSATIONS: readonly (readonly Step[])[] = [
  [["PING"], ["ping", "a\0\r\n\xff"], ["PING", "a", "b"]],
  ["PING\r\n", "PING\n", "\r\n\r\n", "   \r\n", " \t ping  x \r\n", "ping \x0cy\r\n", "*0\r\n", "*-1\r\n", "*-5\r\n"],
  [
    "ping \"a b\"\r\nping 'a\\'b\\n'\r\n",
    'ping "\\x41\\xZZ\\n\\b\\a\\t\\r\\"\\q"\r\n',
    "ping a'b c'\r\n",
    "ping ''\r\n",
  ],
  ["PING a\rb\r\n", "PING a\r\r\n", "PING \xff\r\n"],
  ["*1\r\n$0\r\n\r\n"],
  [["HELLO"], ["HELLO", "3"], ["CLIENT", "GETNAME"], ["HELLO", "2", "SETNAME", "me"], ["CLIENT", "GETNAME"]],
  [
    ["HELLO", "4"],
    ["HELLO", "1"],
    ["HELLO", "-3"],
    ["HELLO", "x"],
    ["HELLO", "03"],
    ["HELLO", "9".repeat(20)],
  ],
  [
    ["HELLO", "3", "AUTH", "default"],
    ["HELLO", "3", "FOO"],
    ["HELLO", "3", "setname"],
    ["HELLO", "3", "SETNAME", "a b"],
  ],
  [["HELLO", "3", "AUTH", "default", "x"], ["HELLO"]],
  [["HELLO", "3", "AUTH", "nobody", "x"], ["HELLO"]],
  [["AUTH", "nobody", "x"], ["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH"], ["AUTH", "a", "b", "c"]],
  [
    ["SELECT", "0"],
    ["SELECT", "15"],
    ["SELECT", "16"],
    ["SELECT", "-1"],
    ["SELECT", "x"],
    ["SELECT"],
    ["SELECT", "1", "2"],
  ],
  [
    ["SELECT", "01"],
    ["SELECT", "-0"],
    ["SELECT", " 1"],
    ["SELECT", "2147483648"],
    ["SELECT", "9".repeat(20)],
  ],
  [["CLIENT"], ["CLIENT", "SETNAME"], ["CLIENT", "ID", "x"], ["CLIENT", "GETNAME", "x"], ["CLIENT", "FOO", "x"]],
  [
    ["CLIENT", "SETNAME", "x"],
    ["client", "getname"],
    ["CLIENT", "SETNAME", ""],
    ["CLIENT", "GETNAME"],
  ],
  [
    ["CLIENT", "SETNAME", "a b"],
    ["CLIENT", "SETNAME", "\xe9"],
    ["CLIENT", "NO-EVICT", "on"],
    ["CLIENT", "NO-EVICT", "x"],
  ],
  [["SUBSCRIBE"], ["PSUBSCRIBE"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE"], ["UNSUBSCRIBE", "z", "y"], ["PUNSUBSCRIBE", "q*"]],
  [
    ["SUBSCRIBE", "a", "b", "a"],
    ["PSUBSCRIBE", "*"],
    ["UNSUBSCRIBE", "a"],
    ["UNSUBSCRIBE"],
    ["PUNSUBSCRIBE"],
    ["PING"],
  ],
  [
    ["SUBSCRIBE", "a"],
    ["PING"],
    ["PING", "x"],
    ["PING", "x", "y"],
    ["PUBLISH", "a", "b"],
    ["PUBLISH"],
    ["CLIENT", "ID"],
  ],
  [
    ["SUBSCRIBE", "a"],
    ["HELLO", "3"],
    ["PUBSUB", "CHANNELS"],
    ["COMMAND", "DOCS"],
    ["INFO"],
    ["SELECT", "0"],
    ["AUTH", "x"],
  ],
  [["PSUBSCRIBE", "a"], ["RESET"], ["PING"], ["PUBSUB", "NUMPAT"], ["RESET", "x"]],
  [["HELLO", "3"], ["SUBSCRIBE", "a", "a"], ["PING"], ["PING", "x"], ["PUBSUB", "CHANNELS"], ["PUBSUB", "NUMSUB", "a"]],
  [["HELLO", "3"], ["PSUBSCRIBE", "a*"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE"], ["UNSUBSCRIBE"], ["PUNSUBSCRIBE", "x"]],
  [["HELLO", "3"], ["SUBSCRIBE", "a"], ["HELLO", "2"], ["PING"], ["PUBLISH", "a", "b"], ["UNSUBSCRIBE"], ["PING"]],
  [["HELLO", "3", "SETNAME", "n"], ["SUBSCRIBE", "a"], ["RESET"], ["PING"], ["CLIENT", "GETNAME"]],
  [
    ["HELLO", "3"],
    ["INFO", "nothing"],
    ["COMMAND", "DOCS", "nothing"],
    ["PUBSUB", "NUMPAT"],
  ],
  [
    ["PUBLISH", "a"],
    ["PUBLISH", "a", "b"],
    ["PUBLISH", "a", "b", "c"],
  ],
  [["PUBSUB"], ["PUBSUB", "FOO"], ["PUBSUB", "CHANNELS"], ["PUBSUB", "CHANNELS", "a", "b"], ["PUBSUB", "NUMSUB"]],
  [
    ["PUBSUB", "NUMSUB", "a", "a"],
    ["PUBSUB", "NUMPAT"],
    ["PUBSUB", "NUMPAT", "x"],
    ["PUBSUB", "CHANNELS", "*"],
  ],
  [
    ["INFO", "nothing"],
    ["COMMAND", "DOCS", "nothing"],
    ["COMMAND", "FOO"],
  ],
  [["FOO"], ["FOO", "a", "b"], ["FOO", "a\0b\"c'd", "\xff"], ["FO\0O", "a"], ["FOO", "a\r\nb\tc\x01"], ["CLIENT|ID"]],
  [["F".repeat(300)], ["FOO", "x".repeat(200), "y"], ["FOO", "x".repeat(100), "y".repeat(100), "z"], ["PING\xff"]],
  ...[120, 124, 125, 126, 127, 128].map((length) => [["FOO", "x".repeat(length), "yyyyyyyyyy", "z"]]),
  [["PING"], ["QUIT"], ["PING"]],
  [["SUBSCRIBE", "a"], ["QUIT"], ["PING"]],
  ["*x\r\n"],
  ["PING\r\n*x\r\n", "PING\r\n"],
  ["*\r\n"],
  ["*+1\r\n"],
  ["*01\r\n"],
  ["*-0\r\n"],
  ["* 1\r\n"],
  ["*99999999999999999999\r\n"],
  ["*1\r\nPING\r\n"],
  ["*1\r\n:4\r\n"],
  ["*1\r\n\xff\r\n"],
  ["*1\r\n\r\n"],
  ["*1\r\n$-1\r\n"],
  ["*1\r\n$x\r\n"],
  ["*1\r\n$\r\n"],
  ["*1\r\n$04\r\n"],
  ["*2\r\n$4\r\nPING\r\n$x\r\n"],
  ['ping "a\r\n'],
  ['ping "a"b\r\n'],
  ["ping 'a''b'\r\n"],
  ["*1\r\n$4\r\nPING\r\nping 'a\r\n"],
  ["POST / HTTP/1.1\r\n", "PUBLISH a b\r\n"],
  [["PING"], "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["host: x\r\n"],
];

/** A refused password comes first, because a Redis from 7.2 on leaves its error out while an earlier reply is unsent. */
const WITH_PASSWORD: readonly (readonly Step[])[] = [
  [["PING"], ["SUBSCRIBE", "a"], ["PUBLISH", "a", "b"], ["INFO"], ["CLIENT", "ID"], ["PUBSUB", "NUMPAT"], ["COMMAND"]],
  [["FOO", "a"], ["CLIENT", "FOO"], ["PUBLISH"], ["CLIENT"], ["AUTH"], ["HELLO", "4"], ["HELLO", "x"]],
  [["AUTH", "x"], ["PING"], ["AUTH", "secret"], ["PING"]],
  [["AUTH", "default", "x"], ["PING"]],
  [["AUTH", "nobody", "secret"], ["PING"]],
  [["AUTH", "secret"], ["PING"], ["RESET"], ["PING"]],
  [["AUTH", "default", "secret"], ["HELLO", "3"], ["PING"]],
  [["HELLO", "3", "AUTH", "default", "secret"], ["PING"], ["HELLO", "2"]],
  [["HELLO", "3", "AUTH", "default", "x"], ["PING"]],
  [["HELLO", "3", "AUTH", "nobody", "secret"], ["PING"]],
  [
    ["HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"],
    ["CLIENT", "GETNAME"],
  ],
  [["QUIT"], ["PING"]],
  ["*11\r\n"],
  ["*10\r\n$16385\r\n"],
];

/** How it is known that all replies have come. */
interface End {
  readonly request: Buffer;
  readonly reply: string;
}

const BARRIER: End = { request: request("PING", "-- the end --"), reply: "-- the end --\r\n" };
/** Works for everyone, whatever went before, and leaves no subscription behind. */
const RESET: End = { request: Buffer.concat([request("RESET"), request("RESET")]), reply: "+RESET\r\n+RESET\r\n" };

/** What differs by nature: the version, the number of the connection, and this broker's additions to errors. */
function comparable(replies: string): string {
  return replies
    .replaceAll(/ ?\(the embedded development broker [^)]*\)/g, " ")
    .replaceAll(/ +\r\n/g, "\r\n")
    .replaceAll(/(\$7\r\nversion\r\n)\$\d+\r\n[\d.]+/g, "$1VERSION")
    .replaceAll(/(\$2\r\nid\r\n):\d+/g, "$1ID");
}

/** Everything goes out in one piece, so that no server closes a connection with input that it has not read. */
async function converse(client: RawClient, steps: readonly Step[], end = BARRIER): Promise<string> {
  const bytes = steps.map((step) => (typeof step === "string" ? Buffer.from(step, "latin1") : request(...step)));
  client.send(Buffer.concat([...bytes, end.request]));
  return comparable(await client.takeUntil(end.reply));
}

async function compare(t: ExecutionContext, ports: readonly number[], steps: readonly Step[]): Promise<void> {
  const clients = await Promise.all(ports.map((port) => connectTo(t, port)));
  const [embedded, real] = await Promise.all(clients.map((client) => converse(client, steps, RESET)));
  t.is(embedded, real, JSON.stringify(steps));
  for (const client of clients) {
    client.socket.destroy();
  }
}

test("the replies are those of a real Redis, byte by byte", async (t) => {
  const ports = [(await startBroker(t)).port, (await startRedis(t)).port];
  for (const steps of CONVERSATIONS) {
    await compare(t, ports, steps);
  }
});

test("with a password too", async (t) => {
  const broker = await startBroker(t, { password: "secret" });
  const redis = await startRedis(t, ["--requirepass", "secret"]);
  for (const steps of WITH_PASSWORD) {
    await compare(t, [broker.port, redis.port], steps);
  }
});

test("messages reach the same subscribers in the same form", async (t) => {
  const [broker, redis] = [await startBroker(t), await startRedis(t)];
  const [embedded, real] = [await listenAndPublish(t, broker.port), await listenAndPublish(t, redis.port)];
  t.deepEqual(embedded, real);
});

/** What two subscribers and a publisher get, which publishes to one after the other. */
async function listenAndPublish(t: ExecutionContext, port: number): Promise<readonly string[]> {
  const [two, three, publisher] = [await connectTo(t, port), await connectTo(t, port), await connectTo(t, port)];
  const subscribe = [
    ["SUBSCRIBE", "d:news", "d:\0\xff"],
    ["PSUBSCRIBE", "d:n*"],
  ];
  const confirmed = [await converse(two, subscribe), await converse(three, [["HELLO", "3"], ...subscribe])];
  const published = await converse(publisher, [
    ["PUBLISH", "d:news", "both"],
    ["PUBLISH", "d:now", "pattern"],
    ["PUBLISH", "d:\0\xff", "\r\n\0\xff"],
    ["PUBLISH", "d:other", "nobody"],
    ["PUBSUB", "NUMSUB", "d:news", "d:\0\xff", "d:other"],
    ["PUBSUB", "NUMPAT"],
    ["PUBSUB", "CHANNELS", "d:n*"],
  ]);
  return [...confirmed, published, await converse(two, []), await converse(three, [])];
}

test("patterns match the same names", async (t) => {
  const ports = [(await startBroker(t)).port, (await startRedis(t)).port];
  let seed = 20_240_601;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const text = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
  const names = new Set(["", ...Array.from({ length: 300 }, () => text("aabbc-]^\\*?[", 1 + random(6)))]);
  const patterns = Array.from({ length: 3000 }, () => text("aabc**?[[]]^^--\\\\", random(9)));
  const [embedded, real] = await Promise.all(ports.map((port) => matches(t, port, [...names], patterns)));
  for (const [index, pattern] of patterns.entries()) {
    t.deepEqual(embedded?.[index], real?.[index], JSON.stringify(pattern));
  }
});

/** For every pattern the names that fit it, in alphabetical order; names hold no line breaks. */
async function matches(
  t: ExecutionContext,
  port: number,
  names: readonly string[],
  patterns: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const [listener, asking] = [await connectTo(t, port), await connectTo(t, port)];
  await converse(listener, [["SUBSCRIBE", ...names]]);
  const results: string[][] = [];
  for (const pattern of patterns) {
    const reply = await converse(asking, [["PUBSUB", "CHANNELS", pattern]]);
    const lines = reply.split("\r\n");
    // The count, then a length and a name for each, then the end marker.
    results.push(
      lines
        .slice(1, -3)
        .filter((_, index) => index % 2 === 1)
        .sort(),
    );
  }
  return results;
}
