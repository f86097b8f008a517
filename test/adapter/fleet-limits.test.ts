import { encode } from "@msgpack/msgpack";
import test from "ava";
import type { Bus } from "../../src/bus/bus.js";
import { memoryBus } from "../../src/bus/memory.js";
import { BridgeError } from "../../src/errors.js";
import { Inbox } from "../../src/testing/inbox.js";
import { type NodeHost, ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startNodeHosts, startThreeHosts, untilHosts } from "../helpers/node-hosts.js";
import { startNode } from "../helpers/process.js";
import { modulePath } from "../helpers/run-from.js";

const memory = (name: string) => `memory://${encodeURIComponent(name)}`;

test("200 requests of each kind that are pending at close() all end, and so does the process", async (t) => {
  const run = startNode(t, [modulePath("test/programs/pending-at-close.ts")]);
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
  t.deepEqual(JSON.parse(run.stdout.items[0] ?? ""), {
    pending: 200,
    left: 0,
    fulfilled: 0,
    timedOut: 200,
    closed: 400,
  });
});

test("20,000 acknowledged emits, half of them never acknowledged, do not grow the memory", async (t) => {
  const run = startNode(t, ["--expose-gc", modulePath("test/programs/memory-of-acks.ts"), "20000"]);
  const figures = await run.stdout.find("the figures", () => true, 110_000);
  t.is(await run.exited(), 0);
  t.log(figures);
  const { ratio, fulfilled, rejected } = JSON.parse(figures);
  t.deepEqual([fulfilled, rejected], [10_000, 10_000]);
  t.true(ratio < 1.05, figures);
});

test("thousands of namespaces have no timers of their own", async (t) => {
  const [{ io }] = (await startNodeHosts(t, memory(t.title), 2)) as [NodeHost, NodeHost];
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  await io.of("/").adapter.serverCount();
  const before = timers();
  for (let index = 0; index < 2_000; index += 1) {
    io.of(`/namespace-${index}`);
  }
  t.true(timers() - before < 10, `${timers() - before} more`);
  t.is(await io.of("/namespace-1999").adapter.serverCount(), 2);
});

test("no host is given up and no acknowledgement is late when the clock jumps", async (t) => {
  const { now } = Date;
  let day = 0;
  Date.now = () => {
    day += 1;
    return now() + (day % 2 === 0 ? 1 : -1) * day * 86_400_000;
  };
  cleanUp(t, () => {
    Date.now = now;
  });
  const channel = ownChannel();
  const listener = memoryBus(encodeURIComponent(t.title));
  cleanUp(t, () => listener.close());
  const heartbeats = new Inbox<number>();
  await listener.subscribe(`${channel}.node`, () => heartbeats.add(heartbeats.items.length));
  const { hosts, clients } = await startThreeHosts(t, memory(t.title), { channel, heartbeatInterval: 100 });
  await Promise.all(clients.map((client, index) => client.acknowledgeWith(index)));
  await heartbeats.find("ten heartbeats of each", (count) => count >= 30);
  t.deepEqual(
    hosts.map(({ adapter }) => adapter.stats().nodeHosts),
    [3, 3, 3],
  );
  // This test subscribes to the side channel alone, so it does not count as a Python host.
  t.deepEqual((await hosts[0].io.timeout(20_000).emitWithAck("ask")).sort(), [0, 1, 2]);
});

test("a host that reads a channel is asked by hosts that publish to it", async (t) => {
  const [both, second] = [ownChannel(), ownChannel()];
  const url = memory(t.title);
  const reader = await startNodeHost(t, url, { channel: [both, second], heartbeatInterval: 100 });
  const writer = await startNodeHost(t, url, { channel: second, heartbeatInterval: 100 });
  await untilHosts(writer, 2);
  const client = await connectClient(t, reader.url);
  await client.acknowledgeWith("reads both");
  t.deepEqual(
    (await writer.io.fetchSockets()).map(({ id }) => id),
    [client.sid],
  );
  t.deepEqual(await writer.io.timeout(20_000).emitWithAck("ask"), ["reads both"]);
  // It publishes to the first channel, which the other host does not read.
  t.is(reader.adapter.stats().nodeHosts, 1);
  t.deepEqual(await reader.io.timeout(20_000).emitWithAck("ask"), ["reads both"]);
});

const HOST = "0123456789ab8def0123456789abcdef";
const BAD_MESSAGES: readonly (readonly [string, Uint8Array])[] = [
  ["not_msgpack", Buffer.from("garbage")],
  ["not_msgpack", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff])],
  ["not_msgpack", Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
  ["not_object", encode([1])],
  ["wrong_type", encode({})],
  ["wrong_type", encode({ type: "heartbeat", from: "me" })],
  ["wrong_type", encode({ type: "heartbeat", from: HOST, isHost: "yes", interval: 5, pythonSeenAgo: null })],
  ["wrong_type", encode({ type: "fetch_sockets", from: HOST, id: -1, namespace: "/", rooms: [], except: [] })],
  ["wrong_type", encode({ type: "fetch_sockets", from: HOST, id: 1, namespace: "/", rooms: [5], except: [] })],
  [
    "unsafe_name",
    encode({ type: "server_side_emit", from: HOST, id: 1, args: ["e", { constructor: { prototype: 1 } }] }),
  ],
  [
    "reserved_event",
    encode({ type: "server_side_emit", from: HOST, id: 1, args: ["connection", 1], isAcknowledged: false }),
  ],
  ["reserved_event", encode({ type: "server_side_emit", from: HOST, id: 1, args: [], isAcknowledged: false })],
  [
    "undeliverable",
    encode({ type: "server_side_emit", from: HOST, id: 1, args: ["error", "x"], isAcknowledged: true }),
  ],
  ["too_large", Buffer.alloc(2_000_000)],
];

test("bad messages of other Node hosts are rejected as a whole, counted and reported, and the next is received", async (t) => {
  const channel = ownChannel();
  const [host, other] = await startNodeHosts(t, memory(t.title), 2, { channel, maxMessageSize: 1_000_000 });
  const peer = memoryBus(encodeURIComponent(t.title));
  cleanUp(t, () => peer.close());
  for (const [, bad] of BAD_MESSAGES) {
    await peer.publish(`${channel}.node`, bad);
  }
  // From a future release, unsolicited, for another host, or of the buses themselves.
  for (const ignored of [
    encode({ type: "from the future", from: HOST }),
    encode({ type: "reply", from: HOST, to: HOST, id: 1, part: 0, isLast: true, items: [] }),
    encode({ type: "reply", from: HOST, to: host?.adapter.hostId, id: 99, part: 0, isLast: true, items: [] }),
    encode({ type: "ack_count", from: HOST, to: host?.adapter.hostId, id: 99, clients: 1 }),
    encode({ type: "bye", from: HOST }),
    Buffer.from("{}"),
  ]) {
    await peer.publish(`${channel}.node`, ignored);
  }
  t.deepEqual(await host?.io.fetchSockets(), []);
  const reasons = BAD_MESSAGES.map(([reason]) => reason);
  t.deepEqual(
    host?.rejections.items.map(({ reason, channel: where }) => [reason, where]),
    reasons.map((reason) => [reason, `${channel}.node`]),
  );
  t.deepEqual(
    other?.rejections.items.map(({ reason }) => reason),
    reasons,
  );
});

test("no handshake of a client keeps fetchSockets() from finding the others", async (t) => {
  const { hosts, clients } = await startThreeHosts(t, memory(t.title));
  const socket = hosts[1].io.sockets.sockets.get(clients[1].sid);
  const circular: Record<string, unknown> = { name: "circle" };
  circular.self = circular;
  const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
  Object.assign(socket?.handshake ?? {}, {
    auth: { ...JSON.parse('{"__proto__": 1}'), circular, deep, big: 10n, call: () => {} },
    sessionStore: { secret: true },
    session: {
      get user() {
        throw new Error("no");
      },
    },
  });
  Object.defineProperty(socket?.handshake.query, "__proto__", { value: 1, enumerable: true });
  const found = (await hosts[0].io.fetchSockets()).find(({ id }) => id === clients[1].sid);
  t.like(found?.handshake.auth.circular, { name: "circle", self: null });
  t.is(found?.handshake.auth.big, "10");
  t.false("sessionStore" in (found?.handshake ?? {}));
});

test("requests to other hosts are limited", async (t) => {
  const [host] = (await startNodeHosts(t, memory(t.title), 2, { maxPendingAcks: 2 })) as [NodeHost, NodeHost];
  const fetches = [1, 2, 3].map(() => host.io.fetchSockets());
  await t.throwsAsync(fetches[2] as Promise<unknown>, { code: "BRIDGE_BUSY" });
  t.deepEqual(await Promise.all(fetches.slice(0, 2)), [[], []]);
});

for (const count of [1, 2]) {
  test(`serverSideEmit() throws for what the side channel cannot carry, with ${count - 1} other hosts`, async (t) => {
    const [{ io }] = (await startNodeHosts(t, memory(t.title), count)) as [NodeHost];
    t.throws(() => io.serverSideEmit("big", 1n), { code: "BRIDGE_INVALID_ARGUMENT" });
    await t.throwsAsync(io.serverSideEmitWithAck("big", 1n), { code: "BRIDGE_INVALID_ARGUMENT" });
    await t.throwsAsync(io.serverSideEmitWithAck("ask", JSON.parse('{"__proto__": 1}')), {
      code: "BRIDGE_INVALID_ARGUMENT",
    });
  });
}

test("clients with large data are found, in parts that any broker accepts", async (t) => {
  const channel = ownChannel();
  const { hosts, clients } = await startThreeHosts(t, memory(t.title), { channel });
  const listener = memoryBus(encodeURIComponent(t.title));
  cleanUp(t, () => listener.close());
  const sizes: number[] = [];
  await listener.subscribe(`${channel}.node`, (payload) => sizes.push(payload.byteLength));
  const more = await Promise.all(Array.from({ length: 9 }, () => connectClient(t, hosts[1].url)));
  for (const { sid } of more) {
    Object.assign(hosts[1].io.sockets.sockets.get(sid)?.data ?? {}, { texts: Array(10).fill("ů".repeat(10_000)) });
  }
  const found = await hosts[0].io.fetchSockets();
  t.deepEqual(found.map(({ id }) => id).sort(), [...clients, ...more].map(({ sid }) => sid).sort());
  t.true(sizes.filter((size) => size > 200_000).length >= 3);
  t.true(Math.max(...sizes) < 1_000_000);
});

test("a request that the broker refuses rejects", async (t) => {
  const name = encodeURIComponent(t.title);
  const bus = memoryBus(name);
  let isRefused = false;
  const refusing: Bus = {
    ...bus,
    publish: (channel, payload) =>
      isRefused
        ? Promise.reject(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `refused on ${channel}`))
        : bus.publish(channel, payload),
  };
  const channel = ownChannel();
  const host = await startNodeHost(t, refusing, { channel });
  const other = await startNodeHost(t, memoryBus(name), { channel });
  await Promise.all([untilHosts(host, 2), untilHosts(other, 2)]);
  isRefused = true;
  const refusal = { code: "BRIDGE_BROKER_UNAVAILABLE", message: `refused on ${channel}.node` };
  await t.throwsAsync(host.io.fetchSockets(), refusal);
  await t.throwsAsync(host.io.serverSideEmitWithAck("ask"), refusal);
  host.io.serverSideEmit("nobody receives this");
  host.io.socketsJoin("r");
  await t.throwsAsync(host.io.timeout(100).emitWithAck("ask"), { message: "operation has timed out" });
});
