import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ExecutionContext } from "ava";
import { NODE_PAYLOADS, PYTHON_PAYLOADS } from "../../interop/scenarios/payloads.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { createEmitter } from "../../src/index.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { tuple } from "../../src/testing/typed-json.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { type HostKind, startPeer } from "../helpers/python.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

/** python-socketio 5.13.0, the last release that writes pickles. */
const OLD = { dialect: "5.13", legacyPickle: "data-only" } as const;

const test = testWithBroker<TestBroker>(launchRedis);

const bytes = Buffer.from([0, 255]);

/** A Node host, a Python host, and what is said between them. */
async function startMixed(t: ExecutionContext<TestBroker>, kind: HostKind) {
  const channel = ownChannel();
  const startOld = (peer: HostKind | "write-only") =>
    startPeer(t, peer, t.context.url, channel, { python: testEnvironment().pythonWithPickles });
  const node = await startNodeHost(t, t.context.url, { channel, ...OLD });
  return { channel, node, python: await startOld(kind), startOld };
}

for (const [emitting, kind] of [
  ["threaded", "asgi"],
  ["asgi", "threaded"],
  ["write-only", "threaded"],
] as const) {
  test.serial(
    `clients of a Node host get what a ${emitting} emitter pickles, as those of a ${kind} host`,
    async (t) => {
      const { node, python, startOld } = await startMixed(t, kind);
      const emitter = await startOld(emitting);
      const [own, other] = await Promise.all([connectClient(t, node.url), connectClient(t, python.url)]);
      await Promise.all([own.call("join", 42), other.call("join", 42)]);
      for (const { what, emit } of PYTHON_PAYLOADS) {
        await emitter.request("emit", { event: what, ...emit });
      }
      await emitter.request("emit", { event: "a tuple of None", data: tuple(null) });
      await emitter.request("emit", { event: "rooms", data: [bytes], room: [42, "nowhere"] });
      await emitter.request("emit", { event: "skipped", data: 1, skip_sid: [own.sid, other.sid] });
      await emitter.request("emit", { event: "nowhere", data: 1, room: "nowhere" });
      await emitter.request("emit", { event: "the end" });
      const expected = [
        ...PYTHON_PAYLOADS.map(({ what, args }) => [what, ...args]),
        // Unlike later releases, which send no argument.
        ["a tuple of None", null],
        ["rooms", [bytes]],
      ];
      t.deepEqual(await own.until("the end"), expected);
      t.deepEqual(await other.until("the end"), expected);
      t.deepEqual(node.rejections.items, []);
    },
  );
}

for (const kind of ["threaded", "asgi"] as const) {
  test.serial(`clients of a ${kind} host of pickles get what it can be told, and the rest is an error`, async (t) => {
    const { channel, node, python } = await startMixed(t, kind);
    const emitter = createEmitter(t.context.url, { channel, ...OLD, logger: false });
    cleanUp(t, () => emitter.close());
    const client = await connectClient(t, python.url);
    await client.call("join", "a");
    const received: unknown[][] = [];
    let dropped = 0;
    for (const { what, shape, args, received: said = args } of NODE_PAYLOADS) {
      if (shape.startsWith("bytes") || shape === "several arguments") {
        node.io.emit(what, ...args);
        dropped += 1;
        t.like(await t.throwsAsync(emitter.emit(what, ...args)), { code: "BRIDGE_INVALID_ARGUMENT" });
      } else {
        node.io.to(["a", "b"]).emit(what, ...args);
        await emitter.to(["a", "b"]).emit(what, ...args);
        received.push([what, ...said], [what, ...said]);
      }
    }
    node.io.except(client.sid).emit("skipped");
    // Host and emitter have a connection each.
    node.io.emit("the end", 1);
    await emitter.emit("the end", 2);
    await Promise.all([client.find(["the end", 1]), client.find(["the end", 2])]);
    const sorted = (events: readonly (readonly unknown[])[]) => events.map((event) => JSON.stringify(event)).sort();
    t.deepEqual(sorted(client.received()), sorted([...received, ["the end", 1], ["the end", 2]]));
    await node.statuses.find("what was dropped", () => node.adapter.stats().dropped === dropped);
    t.true(dropped > 0);
  });

  test.serial(`acknowledgements between a Node host and a ${kind} host of pickles`, async (t) => {
    const { channel, node, python } = await startMixed(t, kind);
    const emitter = createEmitter(t.context.url, { channel, acks: true, ...OLD });
    cleanUp(t, () => emitter.close());
    const [own, other] = await Promise.all([connectClient(t, node.url), connectClient(t, python.url)]);
    await own.acknowledgeWith({ a: [1, null] }, "two");
    const call = { event: "ask", data: tuple(1, bytes), to: own.sid, timeout: 10 };
    t.deepEqual(await python.request("call", call), [{ a: [1, null] }, "two"]);
    await own.find(["ask", 1, bytes]);
    // A pickle has bytes in an answer too, which JSON has not.
    await other.acknowledgeWith({ at: [bytes] });
    t.deepEqual(await node.io.timeout(10_000).to(other.sid).emitWithAck("ask", [1]), [{ at: [bytes] }]);
    t.deepEqual(await emitter.to(other.sid).timeout(10_000).emitWithAck("ask", [1]), [{ at: [bytes] }]);
    await own.call("join", 7);
    await python.request("emit_with_callback", { event: "ask again", room: 7, token: "t" });
    t.deepEqual((await python.program.event("callback")).args, [{ a: [1, null] }, "two"]);
    t.is(node.adapter.stats().pendingAcks, 0);
  });

  test.serial(`commands between a Node host and a ${kind} host of pickles`, async (t) => {
    const { node, python } = await startMixed(t, kind);
    const [own, witness, other] = await Promise.all([
      connectClient(t, node.url),
      connectClient(t, node.url),
      connectClient(t, python.url),
    ]);
    const { rooms } = node.io.sockets.adapter;
    /** Commands and emits come on one channel, in order. */
    const settled = async (event: string) => {
      await python.request("emit", { event });
      await witness.until(event);
    };
    await python.request("enter_room", { sid: own.sid, room: 42 });
    await python.request("enter_room", { sid: own.sid, room: "r" });
    await python.request("leave_room", { sid: own.sid, room: "r" });
    await settled("entered");
    t.deepEqual([rooms.get("42"), rooms.get("r")], [new Set([own.sid]), undefined]);
    await python.request("close_room", { room: 42 });
    await settled("closed");
    t.is(rooms.get("42"), undefined);
    await python.request("disconnect", { sid: own.sid });
    await own.disconnected();

    node.io.in(other.sid).socketsJoin(["r", "s"]);
    node.io.in(other.sid).socketsLeave("s");
    node.io.emit("joined");
    await other.until("joined");
    t.deepEqual(await python.request("participants", { room: "r" }), [other.sid]);
    t.deepEqual(await python.request("participants", { room: "s" }), []);
    node.io.in(other.sid).disconnectSockets();
    await other.disconnected();
    t.deepEqual(node.rejections.items, []);
  });
}

/** What goes through between Python hosts of this release, as long as nobody asks where a pickle comes from. */
const OBJECTS = `
import collections, datetime, sys
import socketio
manager = socketio.RedisManager(sys.argv[1], channel=sys.argv[2], write_only=True)
for data in (datetime.datetime.now(), collections.OrderedDict(a=1), bytearray(b"x"), {1, 2}):
    manager.emit("an object", data)
manager.emit("the end", None)
`;

test.serial("what Python pickles besides data is refused, by the name of the opcode", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel, ...OLD });
  const client = await connectClient(t, node.url);
  const emitted = promisify(execFile)(testEnvironment().pythonWithPickles, ["-c", OBJECTS, t.context.url, channel]);
  await withTimeout("Python to emit", emitted);
  t.deepEqual(await client.until("the end"), []);
  t.deepEqual(
    node.rejections.items.map(({ reason, detail }) => [reason, detail.replace(/, at byte \d+$/, "")]),
    ["STACK_GLOBAL", "STACK_GLOBAL", "STACK_GLOBAL", "EMPTY_SET"].map((opcode) => ["unsafe_pickle", opcode]),
  );
});

test.serial("a client of an old Python host stays in the room of its own sid when that is closed", async (t) => {
  const { channel, node, python } = await startMixed(t, "threaded");
  const emitter = createEmitter(t.context.url, { channel, ...OLD });
  cleanUp(t, () => emitter.close());
  const [client, other] = await Promise.all([connectClient(t, python.url), connectClient(t, python.url)]);
  const room = "9m4e2mr0ui3e8a215n4g";
  await Promise.all([client.call("join", room), other.call("join", room)]);
  node.io.in(room).socketsLeave(room);
  node.io.in(client.sid).socketsLeave(client.sid);
  node.io.to(client.sid).emit("after the host");
  node.io.to(room).emit("nobody is left");
  node.io.emit("told by the host");
  await Promise.all([client.until("told by the host"), other.until("told by the host")]);
  await emitter.closeRoom(client.sid);
  await emitter.to(client.sid).emit("after the emitter");
  await emitter.emit("the end");
  const names = (await client.until("the end")).map(([event]) => event);
  t.deepEqual(names, ["after the host", "told by the host", "after the emitter"]);
  t.deepEqual(await other.until("the end"), [["told by the host"]]);
});

test.serial("emitWithAck() to one client of an old Python host ends with its acknowledgement", async (t) => {
  const { node, python } = await startMixed(t, "asgi");
  const client = await connectClient(t, python.url);
  await client.acknowledgeWith("old");
  t.deepEqual(await node.io.timeout(20_000).to(client.sid).emitWithAck("ask", 1), ["old"]);
  t.deepEqual(client.received(), [["ask", 1]]);
});
