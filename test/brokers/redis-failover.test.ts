import test, { type ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { launchSentinels, type TestSentinels } from "../../scripts/environment/brokers/redis-sentinel.js";
import { type NodeHost, ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startNodeHost } from "../helpers/node-host.js";
import { untilHosts } from "../helpers/node-hosts.js";
import { nextStatus } from "../helpers/open-bus.js";
import { type ReturningClient, returningClient } from "../helpers/returning-client.js";

const RECOVERY = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };

async function startSentinels(t: ExecutionContext): Promise<TestSentinels> {
  const sentinels = await launchSentinels();
  cleanUp(t, () => sentinels.kill());
  return sentinels;
}

function startHost(t: ExecutionContext, { url }: TestSentinels, channel: string): Promise<NodeHost> {
  return startNodeHost(t, url, { channel, heartbeatInterval: 1_000 }, RECOVERY);
}

async function clientOf(t: ExecutionContext, { url }: NodeHost): Promise<ReturningClient> {
  const client = returningClient(t);
  await client.comeTo(url);
  return client;
}

const leave = (client: ReturningClient, { io }: NodeHost): Promise<void> =>
  client.leave((sid) => !io.sockets.sockets.has(sid));

test.serial("a client that is away while the primary dies starts anew; later ones recover on every host", async (t) => {
  const sentinels = await startSentinels(t);
  const channel = ownChannel();
  const hosts = await Promise.all([startHost(t, sentinels, channel), startHost(t, sentinels, channel)]);
  const [first, second] = hosts;
  await Promise.all(hosts.map((host) => untilHosts(host, 2)));
  const [stays, moves, witness] = await Promise.all([clientOf(t, first), clientOf(t, first), clientOf(t, second)]);
  first.io.emit("before");
  await Promise.all([stays.until("before"), moves.until("before")]);
  await Promise.all([leave(stays, first), leave(moves, first)]);
  first.io.emit("missed");
  await witness.until("missed");

  const lost = Promise.all(hosts.map((host) => nextStatus(host, "reconnecting")));
  const back = Promise.all(hosts.map((host) => nextStatus(host, "ready")));
  const crashed = sentinels.crashPrimary();
  await lost;
  first.io.emit("during the failover");
  await Promise.all([crashed, back]);
  await witness.until("during the failover");
  t.false(await stays.comeTo(first.url));
  t.false(await moves.comeTo(second.url));

  second.io.emit("after");
  await Promise.all([stays, moves, witness].map((client) => client.until("after")));
  await leave(stays, first);
  second.io.emit("missed again");
  await witness.until("missed again");
  t.true(await stays.comeTo(second.url));
  await stays.until("missed again");
  t.deepEqual(
    stays.received.map(([name]) => name),
    ["before", "after", "missed again"],
  );
});

test.serial(
  "after a planned failover, hosts move once the old primary lets go of them; who was away starts anew",
  async (t) => {
    const sentinels = await startSentinels(t);
    const channel = ownChannel();
    const first = await startHost(t, sentinels, channel);
    const client = await clientOf(t, first);
    first.io.emit("before");
    await client.until("before");
    await sentinels.failOver();
    const second = await startHost(t, sentinels, channel);
    const witness = await clientOf(t, second);
    await leave(client, first);
    second.io.emit("missed");
    await witness.until("missed");

    const ready = nextStatus(first, "ready");
    const operator = new Redis({ host: "127.0.0.1", port: sentinels.primary.port });
    cleanUp(t, () => operator.disconnect());
    for (const type of ["pubsub", "normal"]) {
      await operator.call("CLIENT", "KILL", "TYPE", type);
    }
    await ready;
    t.false(await client.comeTo(first.url));
    await untilHosts(first, 2);
    second.io.emit("after");
    await client.until("after");
  },
);
