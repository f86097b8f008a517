import { connect, createServer, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { startRedis, type TestRedis } from "../../scripts/environment/brokers/redis.js";
import { openBus } from "../../src/bus/open.js";
import type { BusOptions } from "../../src/bus/options.js";
import { type BusStatus, createAdapter } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { nextStatus, openBus as open } from "../helpers/open-bus.js";
import { startCli } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";

const IS_REPLICA =
  /^Redis at 127\.0\.0\.1:\d+ is a replica: .* reaches no other server\. Use .* the primary, or Sentinel$/;
const WAS_DEMOTED =
  /^Redis at 127\.0\.0\.1:\d+ was made a replica: .* at most 300 ms ago, may have reached no other server$/;

const heartbeatInterval = 300;

/** A connection of the test's own, over which it rules the server. */
function adminOf(t: ExecutionContext, { url }: TestRedis): Redis {
  const admin = new Redis(url);
  cleanUp(t, () => admin.disconnect());
  return admin;
}

async function demote(admin: Redis, primary: TestRedis): Promise<void> {
  await admin.replicaof("127.0.0.1", primary.port);
  while (!/master_link_status:up/.test(await admin.info("replication")));
}

const promote = (admin: Redis) => admin.replicaof("NO", "ONE");

async function startPair(t: ExecutionContext) {
  const [primary, replica] = await Promise.all([startRedis(t), startRedis(t)]);
  const admin = adminOf(t, replica);
  await demote(admin, primary);
  return { primary, replica, admin };
}

function openAt(t: ExecutionContext, url: string, options: BusOptions = {}) {
  return open(t, openBus(url, "socketio", { heartbeatInterval, ...options }));
}

for (const scheme of ["redis", "kombu+redis"]) {
  const over = ({ url }: TestRedis) => url.replace("redis", scheme);

  test.serial(
    `${scheme}: on a replica a bus is not ready, and keeps what it is given until there is a primary`,
    async (t) => {
      const { primary, replica, admin } = await startPair(t);
      const { bus, next, statuses, listen } = openAt(t, over(replica));
      const channel = ownChannel();
      const error = next("error");
      const attempts = next("reconnecting", ({ attempt }) => attempt === 6);
      let isSubscribed = false;
      const subscribed = listen(channel).then((inbox) => {
        isSubscribed = true;
        return inbox;
      });
      const published = bus.publish(channel, "kept");
      const { code, message } = (await error).error;
      t.is(code, "BRIDGE_BROKER_UNAVAILABLE");
      t.regex(message, IS_REPLICA);
      t.true((await attempts).delay >= 250, "attempts are made at growing intervals");
      t.false(isSubscribed);
      t.deepEqual([...new Set(statuses.items.map(({ type }) => type))], ["connecting", "error", "reconnecting"]);
      t.is(statuses.items.filter(({ type }) => type === "error").length, 1);
      const other = await openAt(t, over(primary)).listen(channel);
      t.deepEqual(other.items, []);

      const ready = next("ready");
      await promote(admin);
      const inbox = await subscribed;
      await Promise.all([published, ready]);
      t.is(await inbox.find("the message", () => true), "kept");
    },
  );

  test.serial(`${scheme}: a primary that is demoted under a bus is an outage until it is one again`, async (t) => {
    const [server, successor] = await Promise.all([startRedis(t), startRedis(t)]);
    const admin = adminOf(t, server);
    const { bus, next, listen } = openAt(t, over(server));
    const channel = ownChannel();
    const inbox = await listen(channel);
    await next("healthy");
    const noticed = Promise.all([
      next("error", ({ error: { message } }) => WAS_DEMOTED.test(message)),
      next("error", ({ error: { message } }) => IS_REPLICA.test(message)),
      next("stale"),
    ]);
    await demote(admin, successor);
    const [{ error }] = await noticed;
    t.is(error.code, "BRIDGE_BROKER_UNAVAILABLE");
    const published = bus.publish(channel, "during");
    const ready = next("ready");
    await promote(admin);
    await Promise.all([published, ready]);
    await inbox.find("the message", (text) => text === "during");
    t.deepEqual(
      inbox.items.filter((text) => text !== "{}"),
      ["during"],
    );
  });
}

test.serial("a bus without subscriptions notices as well that its primary was demoted", async (t) => {
  const [server, successor] = await Promise.all([startRedis(t), startRedis(t)]);
  const { bus, next } = openAt(t, server.url);
  await bus.publish(ownChannel(), "before");
  const error = next("error");
  await demote(adminOf(t, server), successor);
  t.regex((await error).error.message, WAS_DEMOTED);
});

test.serial("the address is asked for again: behind it, another server may be the primary by now", async (t) => {
  const { primary, replica } = await startPair(t);
  const sockets = new Set<Socket>();
  let { port } = replica;
  const name = createServer((socket) => {
    const onward = connect(port, "127.0.0.1");
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => end.destroy());
    }
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => name.listen(0, "127.0.0.1", resolve));
  cleanUp(t, async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => name.close(resolve));
  });
  const channel = ownChannel();
  const { bus, next } = openAt(t, `redis://127.0.0.1:${(name.address() as { port: number }).port}`);
  const refused = next("error");
  const published = bus.publish(channel, "hello");
  await refused;
  const inbox = await openAt(t, primary.url).listen(channel);
  ({ port } = primary);
  await published;
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial(
  "hosts of Node and Python on one server: demoted and promoted again, Node's emits during it arrive",
  async (t) => {
    const [server, successor] = await Promise.all([startRedis(t), startRedis(t)]);
    const admin = adminOf(t, server);
    const channel = ownChannel();
    const [host, python] = await Promise.all([
      startNodeHost(t, server.url, { channel, heartbeatInterval }),
      startPeer(t, "threaded", server.url, channel),
    ]);
    const [onNode, onPython] = await Promise.all([connectClient(t, host.url), connectClient(t, python.url)]);
    host.io.emit("before");
    await onPython.until("before");
    const demoted = nextStatus(host, "error", ({ error }) => WAS_DEMOTED.test(error.message));
    const deaf = nextStatus(host, "stale", (status) => status.channel === channel);
    await demote(admin, successor);
    await demoted;
    await deaf;
    t.is(host.adapter.stats().lag, null);
    host.io.emit("during");
    const back = nextStatus(host, "healthy");
    await promote(admin);
    await onPython.until("during");
    await back;
    await python.request("emit", { event: "after" });
    await onNode.until("after");
    t.is(await python.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), null);
    t.is(host.adapter.stats().dropped, 0);
    t.true(host.log.some((line) => WAS_DEMOTED.test(line.replace("[socketio-python-bridge] ", ""))));
  },
);

test.serial("ready() of an adapter waits for a primary", async (t) => {
  const { replica, admin } = await startPair(t);
  const adapter = createAdapter(replica.url, { channel: ownChannel(), logger: false });
  const io = new Server(0, { adapter });
  cleanUp(t, () => io.close());
  let isReady = false;
  const ready = adapter.ready().then(() => {
    isReady = true;
  });
  const statuses = new Inbox<BusStatus>();
  adapter.onStatus((status) => statuses.add(status));
  await nextStatus({ statuses }, "error");
  t.false(isReady);
  await promote(admin);
  await ready;
  t.true(isReady);
});

test.serial("emit of the command line ends with 1, and says that the server is a replica", async (t) => {
  const { replica } = await startPair(t);
  const command = startCli(t, ["emit", "hello", "--queue", replica.url]);
  t.is(await command.exited(), 1);
  t.regex(command.stderr.items.join("\n"), /is a replica: .*; nothing was sent within 5 s/);
});

test.serial("a user who may not ask for INFO works as if the server were a primary", async (t) => {
  const { replica, admin } = await startPair(t);
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "allchannels", "-@all", "+publish", "+subscribe");
  const { bus, listen } = openAt(t, replica.url.replace("redis://", "redis://bob:pw@"));
  const channel = ownChannel();
  const inbox = await listen(channel);
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial(
  "subscribers are not counted where replicas may have more: those of a Python host are waited for",
  async (t) => {
    const { primary, replica } = await startPair(t);
    const channel = ownChannel();
    const host = await startNodeHost(t, primary.url, { channel });
    // Hears what is published on the primary; what it publishes itself does not get there.
    const deafened = await startPeer(t, "threaded", replica.url, channel);
    const client = await connectClient(t, deafened.url);
    const asked = host.io.timeout(1_000).to(client.sid).emitWithAck("ask");
    const error = await t.throwsAsync(asked);
    t.deepEqual((error as Error & { responses?: unknown }).responses, []);
    await client.find(["ask"]);

    const alone = openAt(t, (await startRedis(t)).url);
    const counting = openAt(t, primary.url);
    await Promise.all([alone.listen(channel), counting.listen(channel)]);
    // Only the connection that publishes counts, and it may be the later of the two.
    await Promise.all([alone.bus.publish(channel, "hello"), counting.bus.publish(channel, "hello")]);
    t.is(await alone.bus.countSubscribers?.(channel), 1);
    t.is(await counting.bus.countSubscribers?.(channel), undefined);
  },
);
