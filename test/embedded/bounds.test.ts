import { once } from "node:events";
import type { ExecutionContext } from "ava";
import test from "ava";
import { assertReply, connectTo, type RawClient, request, startBroker } from "./raw-client.js";

const MIB = 1024 * 1024;
const SUBSCRIBED = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n";

/** Reads nothing until it is resumed, so that the broker's output accumulates. */
async function stalledSubscriber(t: ExecutionContext, port: number): Promise<RawClient> {
  const client = await connectTo(t, port);
  await assertReply(t, client, ["SUBSCRIBE", "a"], SUBSCRIBED);
  client.socket.pause();
  return client;
}

test("a malformed request gets an error and a hang-up, and does not affect other clients", async (t) => {
  const { port } = await startBroker(t, { maxRequestBytes: MIB });
  const witness = await connectTo(t, port);
  await assertReply(t, witness, ["SUBSCRIBE", "a"], SUBSCRIBED);
  const garbage: readonly (readonly [string, string])[] = [
    ["*x\r\n", "invalid multibulk length"],
    ["*16385\r\n", "invalid multibulk length (this broker takes at most 16384 arguments)"],
    ["*1\r\nPING\r\n", "expected '$', got 'P'"],
    [`*2\r\n$4\r\nPING\r\n$${MIB + 1}\r\n`, `invalid bulk length (this broker takes requests of at most ${MIB} bytes)`],
    ["*1\r\n$4\r\nPING\0\0", "expected CR LF after a bulk string"],
    ["PING\r\n", "expected '*', got 'P'"],
    ["x".repeat(70_000), "invalid multibulk length"],
  ];
  for (const [bytes, reason] of garbage) {
    const client = await connectTo(t, port);
    client.send(Buffer.concat([request("PING"), Buffer.from(bytes, "latin1")]));
    client.send(Buffer.concat([request("PING"), request("PUBLISH", "a", "x")]));
    t.is(await client.rest(), `+PONG\r\n-ERR Protocol error: ${reason}\r\n`);
  }
  await assertReply(t, witness, ["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
});

test("random bytes never crash the broker", async (t) => {
  const { port } = await startBroker(t, { maxRequestBytes: MIB });
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const words = [
    "*1\r\n",
    "*3\r\n",
    "$1\r\n",
    "$4\r\n",
    "PING\r\n",
    "$9\r\nSUBSCRIBE\r\n",
    "a",
    "\r\n",
    "\n",
    "\0",
    "'",
  ];
  for (let round = 0; round < 200; round += 1) {
    const client = await connectTo(t, port);
    const noise = Array.from({ length: random(30) }, () => words[random(words.length)] ?? "");
    client.socket.end(noise.join("") + String.fromCharCode(random(256), random(256)), "latin1");
    await client.rest();
  }
  const client = await connectTo(t, port);
  await assertReply(t, client, ["PUBSUB", "NUMSUB", "a"], "*2\r\n$1\r\na\r\n:0\r\n");
});

test("a subscriber that does not read is dropped, the others get everything", async (t) => {
  const { port } = await startBroker(t, { maxOutputBytes: 2 * MIB });
  const [stalled, reader, publisher] = [
    await stalledSubscriber(t, port),
    await connectTo(t, port),
    await connectTo(t, port),
  ];
  await assertReply(t, reader, ["SUBSCRIBE", "a"], SUBSCRIBED);
  const payload = "x".repeat(MIB);
  const message = `*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$${MIB}\r\n${payload}\r\n`;
  let published = 0;
  let receivers = "";
  while (receivers !== ":1\r\n" && published < 100) {
    publisher.request("PUBLISH", "a", payload);
    receivers = await publisher.take(":2\r\n");
    t.true((await reader.take(message)) === message);
    published += 1;
  }
  // The kernel holds some MiB for the stalled one, the broker two.
  t.true(published < 40, `dropped after ${published} MiB`);
  const dropped = once(stalled.socket, "close");
  stalled.socket.resume();
  await dropped;
  await assertReply(t, reader, ["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
});

test("unread short messages are bounded in the same way", async (t) => {
  const { port } = await startBroker(t, { maxOutputBytes: 100_000 });
  const stalled = await stalledSubscriber(t, port);
  const publisher = await connectTo(t, port);
  const batch = Buffer.concat(Array.from({ length: 1000 }, () => request("PUBLISH", "a", "x".repeat(1000))));
  let replies = "";
  for (let round = 0; round < 100 && !replies.endsWith(":0\r\n"); round += 1) {
    publisher.send(batch);
    replies = await publisher.take(4000);
  }
  t.true(replies.endsWith(":0\r\n"));
  const dropped = once(stalled.socket, "close");
  stalled.socket.resume();
  await dropped;
});

test("a client that does not read its replies waits, and then gets all of them in order", async (t) => {
  const { port } = await startBroker(t, { maxOutputBytes: MIB });
  const [slow, other] = [await connectTo(t, port), await connectTo(t, port)];
  slow.socket.pause();
  const texts = Array.from({ length: 100 }, (_, index) => String(index).padEnd(MIB / 2, "."));
  for (const text of texts) {
    slow.request("PING", text);
  }
  slow.request("QUIT");
  await assertReply(t, other, ["PING"], "+PONG\r\n");
  t.true(slow.socket.writableLength > 0, "the broker has not taken 50 MiB");
  slow.socket.resume();
  const expected = texts.map((text) => `$${text.length}\r\n${text}\r\n`).join("");
  t.true((await slow.rest()) === `${expected}+OK\r\n`);
});

test("one client too many gets an error, and is accepted once another has left", async (t) => {
  const { port } = await startBroker(t, { maxConnections: 2 });
  const [one, two] = [await connectTo(t, port), await connectTo(t, port)];
  await assertReply(t, one, ["PING"], "+PONG\r\n");
  await assertReply(t, two, ["PING"], "+PONG\r\n");
  const three = await connectTo(t, port);
  t.is(await three.rest(), "-ERR max number of clients reached\r\n");
  one.request("QUIT");
  await one.rest();
  const four = await connectTo(t, port);
  await assertReply(t, four, ["PING"], "+PONG\r\n");
});

test("names and their number are bounded", async (t) => {
  const { port } = await startBroker(t);
  const client = await connectTo(t, port);
  const long = "x".repeat(8193);
  const tooLong = `-ERR channel name too long: '${"x".repeat(128)}...' has 8193 bytes; the embedded broker takes 8192\r\n`;
  for (const args of [
    ["SUBSCRIBE", "a", long],
    ["PUBLISH", long, ""],
    ["UNSUBSCRIBE", long],
  ]) {
    await assertReply(t, client, args, tooLong);
  }
  await assertReply(t, client, ["PUBSUB", "NUMSUB", long], tooLong);
  const many = Array.from({ length: 10_000 }, (_, index) => String(index));
  client.request("SUBSCRIBE", ...many);
  await client.takeUntil("$4\r\n9999\r\n:10000\r\n");
  const tooMany = "-ERR too many subscriptions: the embedded broker takes 10000 on one connection\r\n";
  await assertReply(t, client, ["SUBSCRIBE", "0"], "*3\r\n$9\r\nsubscribe\r\n$1\r\n0\r\n:10000\r\n");
  await assertReply(t, client, ["SUBSCRIBE", "0", "more"], tooMany);
});
