import anyTest, { type ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { startRedis } from "../../scripts/environment/brokers/redis.js";
import { createEmitter } from "../../src/index.js";
import { type NodeHost, ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPeer } from "../helpers/python.js";

const test = anyTest;

/** Resolves at the given change of the bus, counted from now. */
function nextStatus(host: NodeHost, type: string): Promise<unknown> {
  const seen = host.statuses.items.length;
  return host.statuses.find(type, (status) => status.type === type && host.statuses.items.indexOf(status) >= seen);
}

const numbers = (events: readonly (readonly unknown[])[]) =>
  events.filter(([name]) => name === "number").map(([, number]) => number as number);

/** Emits numbers, one every few milliseconds, until it is told to stop. */
function countUp(t: ExecutionContext, host: NodeHost) {
  let next = 0;
  const timer = setInterval(() => {
    host.io.emit("number", next);
    next += 1;
  }, 5);
  cleanUp(t, () => clearInterval(timer));
  return {
    get next() {
      return next;
    },
    stop: () => clearInterval(timer),
  };
}

test.serial(
  "Redis is killed and restarted under traffic: what was sent meanwhile arrives once and in order",
  async (t) => {
    const redis = await startRedis(t);
    const channel = ownChannel();
    const sender = await startNodeHost(t, redis.url, { channel });
    const receiver = await startNodeHost(t, redis.url, { channel });
    const python = await startPeer(t, "threaded", redis.url, channel);
    const own = await connectClient(t, sender.url);
    const remote = await connectClient(t, receiver.url);

    const count = countUp(t, sender);
    await remote.find(["number", 10]);
    const lost = nextStatus(sender, "reconnecting");
    const receiverLost = nextStatus(receiver, "reconnecting");
    await redis.kill();
    await Promise.all([lost, receiverLost]);
    const atKill = count.next;

    // Local delivery goes on.
    sender.io.emit("during");
    await own.until("during");

    const back = Promise.all([nextStatus(sender, "ready"), nextStatus(receiver, "ready")]);
    await redis.start();
    await back;
    const atRecovery = count.next;
    // The Python host comes back in its own time; that its emit arrives proves that it is heard again.
    await python.request("emit", { event: "after" });
    await own.until("after");
    count.stop();
    sender.io.emit("the end");

    const sent = [...Array(count.next).keys()];
    t.deepEqual(numbers(await own.until("the end")), sent);
    const received = numbers(await remote.until("the end"));
    t.deepEqual(received, sent);
    t.true(atRecovery > atKill, "traffic went on during the outage");
    t.is(sender.adapter.stats().dropped, 0);
  },
);

test.serial("a host that stays away holds the others up no longer than the grace that it has", async (t) => {
  const redis = await startRedis(t);
  const channel = ownChannel();
  const sender = await startNodeHost(t, redis.url, { channel });
  const receiver = await startNodeHost(t, redis.url, { channel });
  const remote = await connectClient(t, receiver.url);
  const leaver = new Redis(redis.url, { retryStrategy: () => null });
  leaver.on("error", () => {});
  cleanUp(t, () => leaver.disconnect());
  await leaver.subscribe(channel);
  sender.io.emit("before");
  await remote.until("before");
  // Until the pauses are as long as they get.
  const waiting = [sender, receiver].map(({ statuses }) =>
    statuses.find("the eighth attempt", (status) => status.type === "reconnecting" && status.attempt === 8),
  );
  await redis.kill();
  await Promise.all(waiting);
  sender.io.emit("during");
  await redis.start();
  await remote.until("during");
  t.deepEqual(remote.received(), [["before"], ["during"]]);
});

test.serial("a broker that is not there yet: what is emitted waits, and arrives when it comes", async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const channel = ownChannel();
  const emitter = createEmitter(redis.url, { channel, logger: false });
  cleanUp(t, () => emitter.close());
  const emitted = emitter.emit("early", 1);
  await redis.start();
  await emitted;
  t.pass();
});

test.serial(
  "a host that has published nothing before the outage gives the others their time to come back",
  async (t) => {
    const redis = await startRedis(t);
    const channel = ownChannel();
    const sender = await startNodeHost(t, redis.url, { channel });
    const receiver = await startNodeHost(t, redis.url, { channel });
    const remote = await connectClient(t, receiver.url);
    const lost = Promise.all([nextStatus(sender, "reconnecting"), nextStatus(receiver, "reconnecting")]);
    await redis.kill();
    await lost;
    sender.io.emit("during");
    await redis.start();
    await remote.until("during");
    t.deepEqual(remote.received(), [["during"]]);
  },
);

test.serial("beyond its bounds the buffer drops the oldest, counts them and says so", async (t) => {
  const redis = await startRedis(t);
  const channel = ownChannel();
  const sender = await startNodeHost(t, redis.url, { channel, outage: { maxMessages: 3 } });
  const receiver = await startNodeHost(t, redis.url, { channel });
  const remote = await connectClient(t, receiver.url);
  sender.io.emit("before");
  await remote.until("before");
  const lost = Promise.all([nextStatus(sender, "reconnecting"), nextStatus(receiver, "reconnecting")]);
  await redis.kill();
  await lost;
  // The first may have been of the connection that listens alone.
  await nextStatus(sender, "reconnecting");
  for (const number of [1, 2, 3, 4, 5]) {
    sender.io.emit("number", number);
  }
  t.is(sender.adapter.stats().dropped, 2);
  const drops = sender.statuses.items.filter(({ type }) => type === "dropped");
  t.deepEqual(
    drops.map((drop) => (drop.type === "dropped" ? [drop.reason, drop.count] : drop)),
    [
      ["count", 1],
      ["count", 1],
    ],
  );
  await redis.start();
  await remote.find(["number", 5]);
  sender.io.emit("the end");
  t.deepEqual(numbers(await remote.until("the end")), [3, 4, 5]);
});

test.serial("a message that waits too long is dropped, and the emitter's promise says so", async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const emitter = createEmitter(redis.url, { channel: ownChannel(), outage: { maxAge: 50 }, logger: false });
  cleanUp(t, () => emitter.close());
  const error = await t.throwsAsync(emitter.emit("old"), { message: /dropped: age/ });
  t.like(error, { code: "BRIDGE_MESSAGE_DROPPED" });
});

test.serial("close() during an outage ends at once and leaves nothing behind", async (t) => {
  const redis = await startRedis(t);
  const host = await startNodeHost(t, redis.url, { channel: ownChannel() });
  const lost = nextStatus(host, "reconnecting");
  await redis.kill();
  await lost;
  host.io.emit("nobody hears this");
  await host.io.close();
  const [dropped, closed] = host.statuses.items.slice(-2);
  t.like(dropped, { type: "dropped", reason: "closed", count: 1 });
  t.deepEqual(closed, { type: "closed" });
});

test.serial("a subscriber cut off by Redis is back by itself", async (t) => {
  const redis = await startRedis(t);
  const channel = ownChannel();
  const host = await startNodeHost(t, redis.url, { channel });
  const python = await startPeer(t, "write-only", redis.url, channel);
  const client = await connectClient(t, host.url);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  const before = await admin.pubsub("NUMSUB", channel);
  const reported = host.statuses.items.length;
  await admin.call("CLIENT", "KILL", "TYPE", "pubsub");
  // Deaf until it has subscribed again, which Redis itself can tell.
  for (let [, count] = [channel, 0 as unknown]; count !== before[1]; ) {
    [, count] = await admin.pubsub("NUMSUB", channel);
  }
  await python.request("emit", { event: "hello" });
  await client.until("hello");
  t.deepEqual(client.received(), [["hello"]]);
  await host.statuses.find(
    "ready again",
    (status) => host.statuses.items.lastIndexOf(status) >= reported && status.type === "ready",
  );
  t.deepEqual(
    host.statuses.items.slice(reported).flatMap(({ type }) => (type === "healthy" ? [] : [type])),
    ["error", "reconnecting", "ready"],
  );
  t.true(host.log.some((line) => line.includes("closed the subscriber's connection")));
});
