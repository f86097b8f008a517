import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { openAt, subscribeElsewhere } from "../contracts/outages/outage-broker.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startProxy } from "../helpers/proxy.js";
import { startPeer } from "../helpers/python.js";
import { REDIS_GARBAGE } from "../helpers/redis-garbage.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testEveryOutage(test, {
  title: "Redis",
  keepsMessagesForReaders: false,
  mayRepeat: false,
  garbage: REDIS_GARBAGE,
  startNetwork: async (t, { port }) => {
    const proxy = await startProxy(t, port);
    return { proxy, url: `redis://127.0.0.1:${proxy.port}` };
  },
});

test.serial("a subscriber cut off by Redis is back by itself", async (t) => {
  const channel = ownChannel();
  const host = await startNodeHost(t, t.context.url, { channel });
  const python = await startPeer(t, "write-only", t.context.url, channel);
  const client = await connectClient(t, host.url);
  const admin = new Redis(t.context.url);
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

test.serial("what Redis answers during the long script of somebody else is no refusal", async (t) => {
  const channel = ownChannel();
  const admin = new Redis(t.context.url);
  const script = new Redis(t.context.url);
  cleanUp(t, () => {
    admin.disconnect();
    script.disconnect();
  });
  await admin.config("SET", "busy-reply-threshold", "50");
  const sender = openAt(t, t.context.url);
  const receiver = openAt(t, t.context.url);
  const inbox = await receiver.listen(channel);
  await subscribeElsewhere(sender);
  const running = script.eval("while true do end", 0).catch(({ message }: Error) => message);
  // Until somebody is told.
  for (let reply = ""; !reply.startsWith("BUSY"); ) {
    reply = await admin.ping().catch(({ message }: Error) => message);
  }
  const reported = sender.next("error");
  const published = ["1", "2", "3"].map((text) => sender.bus.publish(channel, text));
  const late = openAt(t, t.context.url);
  const lateInbox = late.listen(ownChannel());
  t.regex((await reported).error.message, /BUSY/);
  const ready = Promise.all([sender.next("ready"), late.next("ready")]);
  await admin.call("SCRIPT", "KILL");
  t.regex(String(await running), /killed/);
  await Promise.all([...published, ready, lateInbox]);
  await inbox.find("the last", (text) => text === "3");
  t.deepEqual(inbox.items, ["1", "2", "3"]);
  t.false(sender.statuses.items.some(({ type }) => type === "dropped"));
});
