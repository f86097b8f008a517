import { Cluster, Redis } from "ioredis";
import { startRedis } from "../../scripts/environment/brokers/redis.js";
import { launchRedisCluster, type TestRedisCluster } from "../../scripts/environment/brokers/redis-cluster.js";
import { openBus } from "../../src/bus/open.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { openBus as open } from "../helpers/open-bus.js";
import { startCli } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestRedisCluster>(() => launchRedisCluster(3, 1));

/** With the nodes in another order each time, so that the buses of a test are on different nodes. */
let turns = 0;
function nextUrl({ nodes }: TestRedisCluster): string {
  turns += 1;
  const inTurn = nodes.map((_, index) => nodes[(index + turns) % nodes.length]?.port);
  return `redis+cluster://${inTurn.map((port) => `127.0.0.1:${port}`).join(",")}`;
}

testBusConformance(test, "Redis Cluster by URL", (t) => redisBus({ url: nextUrl(t.context) }));

testBusConformance(test, "Redis Cluster by a Cluster of ioredis", (t) => {
  turns += 1;
  const { nodes } = t.context;
  const node = nodes[turns % nodes.length];
  const client = new Cluster([{ host: "127.0.0.1", port: node?.port ?? 0 }], { lazyConnect: true });
  cleanUp(t, () => client.disconnect());
  return redisBus({ client });
});

test("nodes count only their own subscribers, so nobody counts: clients of a Python host on another node are waited for", async (t) => {
  const { nodes, url } = t.context;
  const channel = ownChannel();
  const python = await startPeer(t, "threaded", nodes[1]?.url ?? "", channel);
  const client = await connectClient(t, python.url);
  await client.acknowledgeWith("from another node");
  for (const source of [url, nodes[0]?.url ?? "", nodes[3]?.url ?? ""]) {
    const host = await startNodeHost(t, source, { channel });
    t.deepEqual(await host.io.timeout(10_000).to(client.sid).emitWithAck("ask"), ["from another node"], source);
    const { bus, listen } = open(t, openBus(source, channel, {}));
    await listen(channel);
    // Only the connection that publishes counts, and it may be the later of the two.
    await bus.publish(channel, "hello");
    t.is(await bus.countSubscribers?.(channel), undefined);
    t.false(bus.isOrdered?.(channel));
  }
});

test("hosts of Node and Python on all nodes, a replica among them, reach each other", async (t) => {
  const { nodes, url } = t.context;
  const channel = ownChannel();
  const hosts = await Promise.all([url, nodes[3]?.url ?? ""].map((source) => startNodeHost(t, source, { channel })));
  const python = await startPeer(t, "asgi", nodes[2]?.url ?? "", channel);
  const clients = await Promise.all([...hosts, python].map((host) => connectClient(t, host.url)));
  hosts[0]?.io.emit("from the first");
  hosts[1]?.io.emit("from the replica");
  await python.request("emit", { event: "from Python" });
  for (const client of clients) {
    await Promise.all(["from the first", "from the replica", "from Python"].map((event) => client.until(event)));
  }
  t.is(await python.request("call", { event: "ask", to: clients[1]?.sid, timeout: 10 }), null);
});

test("a server that is no node of a cluster is refused", async (t) => {
  const { port } = await startRedis(t);
  const { bus, next } = open(t, openBus(`redis+cluster://127.0.0.1:${port}`, "socketio", {}));
  const error = next("error");
  const dropped = t.throwsAsync(bus.publish(ownChannel(), "x"), { code: "BRIDGE_MESSAGE_DROPPED" });
  t.is((await error).error.message, `Redis at 127.0.0.1:${port} is not a node of a cluster: use redis:// for it`);
  await bus.close();
  await dropped;
});

test("a seed that is away costs an attempt; the next one is taken", async (t) => {
  const [, node] = t.context.nodes;
  const { bus, next } = open(t, openBus(`redis+cluster://127.0.0.1:1,127.0.0.1:${node?.port}`, "socketio", {}));
  const error = next("error");
  await bus.publish(ownChannel(), "hello");
  t.is((await error).error.message, "Redis at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1");
});

test("a user who may not ask for the nodes or for INFO is content with the seeds", async (t) => {
  const { nodes } = t.context;
  const [node] = nodes;
  const admin = new Redis(node?.url ?? "");
  cleanUp(t, () => admin.disconnect());
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "allchannels", "-@all", "+publish", "+subscribe");
  const { bus, listen } = open(t, openBus(`redis+cluster://bob:pw@127.0.0.1:${node?.port}`, "socketio", {}));
  const channel = ownChannel();
  const inbox = await listen(channel);
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
  t.is(await bus.countSubscribers?.(channel), undefined);
});

test("emit of the command line publishes on a cluster", async (t) => {
  const { nodes } = t.context;
  const channel = ownChannel();
  const inbox = await open(t, openBus(nodes[2]?.url ?? "", channel, {})).listen(channel);
  t.is(await startCli(t, ["emit", "hello", "--queue", t.context.url, "--channel", channel]).exited(), 0);
  t.regex(await inbox.find("the emit", () => true), /"hello"/);
});
