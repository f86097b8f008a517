import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { type NodeHost, ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startProxy } from "../helpers/proxy.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

/** Resolves at the given change of the bus, counted from now. */
function nextStatus(host: NodeHost, type: string): Promise<unknown> {
  const seen = host.statuses.items.length;
  return host.statuses.find(type, (status) => status.type === type && host.statuses.items.lastIndexOf(status) >= seen);
}

test.serial("a host that receives its own heartbeats is healthy, and its statistics have the lag", async (t) => {
  const channel = ownChannel();
  const host = await startNodeHost(t, t.context.url, { channel: [channel, ownChannel()] });
  const other = await startNodeHost(t, t.context.url, { channel });
  await host.statuses.find("health", (status) => status.type === "healthy" && status.channel !== channel);
  await host.statuses.find("health", (status) => status.type === "healthy" && status.channel === channel);
  const { lag } = host.adapter.stats();
  t.true(lag !== null && lag >= 0 && lag < 30_000);
  // Neither host counts heartbeats as messages.
  other.io.emit("hello");
  const client = await connectClient(t, host.url);
  other.io.emit("the end");
  await client.until("the end");
  const { received, ignored } = host.adapter.stats();
  t.deepEqual({ received, ignored }, { received: 2, ignored: 0 });
});

test.serial("Python hosts ignore the heartbeats of Node hosts", async (t) => {
  const channel = ownChannel();
  const python = await startPeer(t, "threaded", t.context.url, channel);
  const client = await connectClient(t, python.url);
  const host = await startNodeHost(t, t.context.url, { channel, heartbeatInterval: 100 });
  await nextStatus(host, "healthy");
  await nextStatus(host, "healthy");
  host.io.emit("the end");
  t.deepEqual(await client.until("the end"), []);
});

test.serial("connections that look alive and carry nothing are detected and replaced", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const host = await startNodeHost(t, `redis://127.0.0.1:${proxy.port}`, { channel, heartbeatInterval: 200 });
  const other = await startNodeHost(t, t.context.url, { channel });
  const [own, remote] = [await connectClient(t, host.url), await connectClient(t, other.url)];
  await nextStatus(host, "healthy");
  const stale = nextStatus(host, "stale");
  proxy.freeze();
  await stale;
  t.is(host.adapter.stats().lag, null);
  for (const number of [1, 2, 3]) {
    host.io.emit("number", number);
  }
  const [ready, healthy] = [nextStatus(host, "ready"), nextStatus(host, "healthy")];
  proxy.thaw();
  await Promise.all([ready, healthy]);
  other.io.emit("after");
  await own.until("after");
  host.io.emit("the end");
  const numbers = (await remote.until("the end")).filter(([name]) => name === "number");
  t.deepEqual(
    numbers.map(([, number]) => number),
    [1, 2, 3],
  );
  t.true(host.log.some((line) => line.includes("received nothing")));
  t.false(
    host.log.some((line) => line.includes("closed the subscriber's connection")),
    "it was not Redis that hung up",
  );
});

test.serial("a connection over which nothing is confirmed is replaced, and the messages are sent again", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const host = await startNodeHost(t, `redis://127.0.0.1:${proxy.port}`, { channel, heartbeatInterval: 60_000 });
  const impatient = await startNodeHost(t, `redis://127.0.0.1:${proxy.port}`, { channel, heartbeatInterval: 200 });
  const other = await startNodeHost(t, t.context.url, { channel });
  const remote = await connectClient(t, other.url);
  host.io.emit("before");
  await remote.until("before");
  const reconnecting = nextStatus(impatient, "reconnecting");
  proxy.freeze();
  impatient.io.emit("during");
  await reconnecting;
  t.false(host.statuses.items.some(({ type }) => type === "reconnecting"));
  proxy.thaw();
  await remote.until("during");
  t.pass();
});

test.serial("a host whose subscription is killed and cannot be made again reports that it is stale", async (t) => {
  const redis = await launchRedis();
  cleanUp(t, () => redis.kill());
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  const host = await startNodeHost(t, redis.url, { channel: ownChannel(), heartbeatInterval: 200 });
  await nextStatus(host, "healthy");
  const stale = nextStatus(host, "stale");
  await admin.config("SET", "maxclients", 1);
  await admin.call("CLIENT", "KILL", "TYPE", "pubsub");
  await stale;
  t.is(host.adapter.stats().lag, null);
  const healthy = nextStatus(host, "healthy");
  await admin.config("SET", "maxclients", 100);
  await healthy;
  t.not(host.adapter.stats().lag, null);
});

test.serial(
  "a message beyond Redis' limit for subscribers disconnects the host, which reconnects by itself",
  async (t) => {
    const channel = ownChannel();
    const host = await startNodeHost(t, t.context.url, { channel, heartbeatInterval: 200 });
    const python = await startPeer(t, "write-only", t.context.url, channel);
    const client = await connectClient(t, host.url);
    await nextStatus(host, "healthy");
    const [error, ready] = [nextStatus(host, "error"), nextStatus(host, "ready")];
    const admin = new Redis(t.context.url);
    cleanUp(t, () => admin.disconnect());
    // 32 MiB is the limit of Redis' own configuration.
    await admin.publish(channel, Buffer.alloc(33 * 1024 * 1024, "x"));
    await Promise.all([error, ready]);
    await nextStatus(host, "healthy");
    await python.request("emit", { event: "after" });
    await client.until("after");
    t.pass();
  },
);
