import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { nextStatus } from "../helpers/open-bus.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

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
