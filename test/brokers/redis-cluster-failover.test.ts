import test, { type ExecutionContext } from "ava";
import { Redis } from "ioredis";
import type { TestRedis } from "../../scripts/environment/brokers/redis.js";
import { launchRedisCluster } from "../../scripts/environment/brokers/redis-cluster.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { openAt } from "../contracts/outages/outage-broker.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { nextStatus } from "../helpers/open-bus.js";
import { startPeer } from "../helpers/python.js";
import { assertAllArrived, firstArrivals, startTraffic } from "../helpers/traffic.js";

/** From the end of a node, with an attempt that may find nobody. */
const LONGEST_RECOVERY_MS = 2_000;

async function startCluster(t: ExecutionContext): Promise<readonly [TestRedis, TestRedis, TestRedis]> {
  const { nodes, kill } = await launchRedisCluster(3);
  cleanUp(t, kill);
  return nodes as readonly [TestRedis, TestRedis, TestRedis];
}

const urlOf = (...nodes: readonly TestRedis[]) =>
  `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;

for (const [what, seeds] of [
  ["of the URL", 3],
  ["that the cluster has named", 1],
] as const) {
  test.serial(`a node dies under traffic in both directions: another one ${what} takes its place`, async (t) => {
    const nodes = await startCluster(t);
    const url = urlOf(...nodes.slice(0, seeds));
    const [there, back] = [ownChannel(), ownChannel()];
    const [near, far] = [openAt(t, url), openAt(t, url)];
    const inboxes = [await near.listen(back), await far.listen(there)] as const;
    const traffic = [
      startTraffic(t, (number) => far.bus.publish(back, String(number))),
      startTraffic(t, (number) => near.bus.publish(there, String(number))),
    ] as const;
    const [first, second] = nodes;
    for (const node of [first, second]) {
      const numbers = traffic.map(({ next }) => String(next));
      await Promise.all(inboxes.map((inbox, index) => inbox.find("traffic", (text) => text === numbers[index])));
      const ready = Promise.all([near.next("ready"), far.next("ready")]);
      const since = performance.now();
      await node.crash();
      await ready;
      const recovery = performance.now() - since;
      t.true(recovery < LONGEST_RECOVERY_MS, `both were ready ${Math.round(recovery)} ms after the end of a node`);
    }
    await assertAllArrived(t, traffic, inboxes, [near, far]);
  });
}

test.serial("a node that carries nothing any more is given up for another one", async (t) => {
  const [frozen, ...others] = await startCluster(t);
  const channel = ownChannel();
  const { bus, next, listen } = openAt(t, urlOf(frozen, ...others), { heartbeatInterval: 500 });
  const inbox = await listen(channel);
  await next("healthy");
  const [stale, ready] = [next("stale"), next("ready")];
  const admin = new Redis(frozen.url);
  cleanUp(t, () => admin.disconnect());
  void admin.call("DEBUG", "SLEEP", "60").catch(() => {});
  await stale;
  const published = bus.publish(channel, "during");
  await Promise.all([ready, published]);
  await inbox.find("the message", (text) => text === "during");
  t.deepEqual(firstArrivals(inbox.items), ["during"]);
});

test.serial("hosts on the other nodes miss nothing of a host whose node dies", async (t) => {
  const [dying, other, another] = await startCluster(t);
  const channel = ownChannel();
  const sender = await startNodeHost(t, urlOf(dying, other, another), { channel });
  const receiver = await startNodeHost(t, urlOf(other, another), { channel });
  const python = await startPeer(t, "threaded", another.url, channel);
  const [own, remote, onPython] = await Promise.all([sender, receiver, python].map(({ url }) => connectClient(t, url)));
  const traffic = startTraffic(t, (number) => {
    sender.io.emit("number", number);
  });
  await Promise.all([remote?.find(["number", 10]), onPython?.find(["number", 10])]);
  const back = nextStatus(sender, "ready");
  await dying.crash();
  await back;
  await python.request("emit", { event: "after" });
  await own?.until("after");
  const sent = await traffic.stop();
  sender.io.emit("the end");
  for (const client of [own, remote, onPython]) {
    const events = (await client?.until("the end")) ?? [];
    t.deepEqual(firstArrivals(events.filter(([name]) => name === "number").map(([, number]) => number)), sent);
  }
  t.is(sender.adapter.stats().dropped, 0);
});

test.serial(
  "after the end of its node a bus holds its messages for the whole grace: it cannot know who is back",
  async (t) => {
    const [dying, ...others] = await startCluster(t);
    const channel = ownChannel();
    const subscriberGrace = 1_500;
    const { bus, next, listen } = openAt(t, urlOf(dying, ...others), { outage: { subscriberGrace } });
    await listen(channel);
    await bus.publish(channel, "before");
    const ready = next("ready");
    await dying.crash();
    await ready;
    const since = performance.now();
    await bus.publish(channel, "after");
    const held = performance.now() - since;
    t.true(held > subscriberGrace - 100, `it was held for ${Math.round(held)} ms`);
  },
);
