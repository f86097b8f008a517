import type { ExecutionContext } from "ava";
import test from "ava";
import { startRedis } from "../../scripts/environment/brokers/redis.js";
import { connectTo, type RawClient, request, startBroker } from "../embedded/raw-client.js";

type Step = string | readonly string[];

/** Each is one connection. A string goes out as it is, a list as an array of bulk strings. */
const CONVERSATIONS: readonly (readonly Step[])[] = [
  [["PING"], ["ping", "a\0\r\n\xff"], ["PING", "a", "b"]],
  ["*0\r\n", "*-1\r\n", "*-5\r\n"],
  [["HELLO"], ["HELLO", "3"], ["HELLO", "2", "SETNAME", "me"]],
  [
    ["HELLO", "4"],
    ["HELLO", "1"],
    ["HELLO", "-3"],
  ],
  [["HELLO", "3", "AUTH", "default", "x"], ["HELLO"]],
  [["AUTH", "x"], ["AUTH", "default", "x"], ["AUTH"]],
  [["SELECT", "0"], ["SELECT", "15"], ["SELECT", "16"], ["SELECT", "-1"], ["SELECT"], ["SELECT", "1", "2"]],
  [["CLIENT"], ["CLIENT", "SETNAME", "x"], ["client", "setname", ""]],
  [["SUBSCRIBE"], ["UNSUBSCRIBE"], ["UNSUBSCRIBE", "z", "y"]],
  [["SUBSCRIBE", "a", "b", "a"], ["UNSUBSCRIBE", "a"], ["UNSUBSCRIBE"], ["PING"]],
  [["SUBSCRIBE", "a"], ["PING"], ["PING", "x"], ["PING", "x", "y"], ["PUBLISH", "a", "b"], ["PUBLISH"]],
  [["SUBSCRIBE", "a"], ["HELLO", "3"], ["INFO"], ["SELECT", "0"], ["AUTH", "x"]],
  [["HELLO", "3"], ["SUBSCRIBE", "a", "a"], ["PING"], ["PING", "x"], ["PUBSUB", "NUMSUB", "a"]],
  [["HELLO", "3"], ["UNSUBSCRIBE"], ["UNSUBSCRIBE", "x"]],
  [["HELLO", "3"], ["SUBSCRIBE", "a"], ["HELLO", "2"], ["PING"], ["PUBLISH", "a", "b"], ["UNSUBSCRIBE"], ["PING"]],
  [
    ["PUBLISH", "a"],
    ["PUBLISH", "a", "b"],
    ["PUBLISH", "a", "b", "c"],
  ],
  [["PUBSUB"], ["PUBSUB", "NUMSUB"], ["PUBSUB", "NUMSUB", "a", "a"]],
  [["PING"], ["QUIT"], ["PING"]],
  [["SUBSCRIBE", "a"], ["QUIT"], ["PING"]],
  ["*x\r\n"],
  [["PING"], "*x\r\n", ["PING"]],
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
];

/** After the replies to everything before, there is one to this. */
const BARRIER = { request: request("PING", "-- the end --"), reply: "-- the end --\r\n" };

/** What differs by nature: the version, and the number of the connection. */
function comparable(replies: string): string {
  return replies
    .replaceAll(/(\$7\r\nversion\r\n)\$\d+\r\n[\d.]+/g, "$1VERSION")
    .replaceAll(/(\$2\r\nid\r\n):\d+/g, "$1ID");
}

/** Everything goes out in one piece, so that no server closes a connection with input that it has not read. */
async function converse(client: RawClient, steps: readonly Step[]): Promise<string> {
  const bytes = steps.map((step) => (typeof step === "string" ? Buffer.from(step, "latin1") : request(...step)));
  client.send(Buffer.concat([...bytes, BARRIER.request]));
  return comparable(await client.takeUntil(BARRIER.reply));
}

async function compare(t: ExecutionContext, ports: readonly number[], steps: readonly Step[]): Promise<void> {
  const clients = await Promise.all(ports.map((port) => connectTo(t, port)));
  const [embedded, real] = await Promise.all(clients.map((client) => converse(client, steps)));
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

test("messages reach the same subscribers in the same form", async (t) => {
  const [broker, redis] = [await startBroker(t), await startRedis(t)];
  const [embedded, real] = [await listenAndPublish(t, broker.port), await listenAndPublish(t, redis.port)];
  t.deepEqual(embedded, real);
});

/** What two subscribers and a publisher get, which publishes to one after the other. */
async function listenAndPublish(t: ExecutionContext, port: number): Promise<readonly string[]> {
  const [two, three, publisher] = [await connectTo(t, port), await connectTo(t, port), await connectTo(t, port)];
  const subscribe = [["SUBSCRIBE", "d:news", "d:\0\xff"]];
  const confirmed = [await converse(two, subscribe), await converse(three, [["HELLO", "3"], ...subscribe])];
  const published = await converse(publisher, [
    ["PUBLISH", "d:news", "both"],
    ["PUBLISH", "d:\0\xff", "\r\n\0\xff"],
    ["PUBLISH", "d:other", "nobody"],
    ["PUBSUB", "NUMSUB", "d:news", "d:\0\xff", "d:other"],
  ]);
  return [...confirmed, published, await converse(two, []), await converse(three, [])];
}
