import type { ExecutionContext } from "ava";
import test from "ava";
import { BridgeError, createEmitter, type EmitterOptions, memoryBus } from "../../src/emitter/index.js";
import { decodeMsgpack } from "../../src/protocol/msgpack/decode.js";
import { cleanUp } from "../../src/testing/scope.js";

const SID = "GwO0yoNbmvXdGCMqAAAB";
const OTHER_SID = "GwO0yoNbmvXdGCMqAAAC";

/** An emitter, and what it publishes for the fleet and for its Node hosts, without the sender. */
async function makeEmitter(t: ExecutionContext, options: EmitterOptions = {}) {
  const reader = memoryBus(t.title);
  const published: object[] = [];
  const forHosts: object[] = [];
  await reader.subscribe("socketio", (payload) => {
    const { host_id, ...message } = JSON.parse(Buffer.from(payload).toString());
    published.push(message);
  });
  await reader.subscribe("socketio.node", (payload) => {
    const decoded = decodeMsgpack(payload, 1_000).value as { from: string };
    const { from, ...message } = decoded;
    forHosts.push(message);
  });
  const emitter = createEmitter(memoryBus(t.title), { logger: false, ...options });
  cleanUp(t, () => Promise.all([reader.close(), emitter.close()]));
  return { emitter, published, forHosts };
}

test("volatile and compress stand in the part of the message that Python does not read", async (t) => {
  const { emitter, published } = await makeEmitter(t);
  const volatile = emitter.volatile;
  await volatile.to("r").emit("e");
  await volatile.compress(false).emit("e");
  await emitter.compress(true).emit("e");
  await emitter.of("/chat").volatile.emit("e");
  await emitter.emit("e");
  t.deepEqual(
    published.map((message) => (message as { node?: object }).node),
    [{ volatile: true }, { volatile: true, compress: false }, { compress: true }, { volatile: true }, undefined],
  );
});

/** What Node hosts ignore: Python hosts are told in their own words what another message says. */
const node = { ignore: true };

test("socketsJoin() and socketsLeave() are Node's methods, with Python's beside them for what looks like a sid", async (t) => {
  const { emitter, published } = await makeEmitter(t);
  await emitter.to([SID, OTHER_SID]).socketsJoin(["a", 42]);
  await emitter.of("/chat").to(SID).except(OTHER_SID).socketsLeave("a");
  const namespace = "/";
  t.deepEqual(published.splice(0), [
    { method: "node_join", room: [SID, OTHER_SID], except: [], names: ["a", "42"], namespace },
    { method: "enter_room", sid: SID, room: "a", namespace, node },
    { method: "enter_room", sid: SID, room: 42, namespace, node },
    { method: "enter_room", sid: OTHER_SID, room: "a", namespace, node },
    { method: "enter_room", sid: OTHER_SID, room: 42, namespace, node },
    { method: "node_leave", room: SID, except: [OTHER_SID], names: ["a"], namespace: "/chat" },
    { method: "leave_room", sid: SID, room: "a", namespace: "/chat", node },
  ]);
  await emitter.socketsJoin(42);
  await emitter.to(["r", 7, SID]).except("x").socketsLeave(["a", "b"]);
  await emitter.to("r").to(SID).socketsJoin("a");
  t.deepEqual(published.splice(0), [
    { method: "node_join", room: null, except: [], names: ["42"], namespace },
    { method: "node_leave", room: ["r", "7", SID], except: ["x"], names: ["a", "b"], namespace },
    { method: "node_join", room: ["r", SID], except: [], names: ["a"], namespace },
    { method: "enter_room", sid: SID, room: "a", namespace, node },
  ]);
  await emitter.to("r").socketsLeave("r");
  await emitter.socketsLeave(["r", 42]);
  await emitter.to(42).socketsLeave([42, "s"]);
  t.deepEqual(published.splice(0), [
    { method: "close_room", room: "r", namespace },
    { method: "close_room", room: "r", namespace },
    { method: "close_room", room: 42, namespace },
    { method: "close_room", room: 42, namespace },
    { method: "node_leave", room: "42", except: [], names: ["s"], namespace },
  ]);
});

test("a room that looks like a sid is closed, and a client that has it as its sid is put back", async (t) => {
  const { emitter, published } = await makeEmitter(t);
  const namespace = "/";
  const back = { method: "enter_room", sid: SID, room: SID, namespace, node };
  await emitter.to(SID).socketsLeave([SID, "a"]);
  await emitter.socketsLeave(SID);
  await emitter.closeRoom(SID);
  await emitter.to(SID).except("r").socketsLeave(SID);
  t.deepEqual(published, [
    { method: "node_leave", room: SID, except: [], names: ["a", SID], namespace },
    { method: "leave_room", sid: SID, room: "a", namespace, node },
    { method: "close_room", room: SID, namespace, node },
    back,
    { method: "node_leave", room: null, except: [], names: [SID], namespace },
    { method: "close_room", room: SID, namespace, node },
    back,
    { method: "close_room", room: SID, namespace },
    back,
    { method: "node_leave", room: SID, except: ["r"], names: [SID], namespace },
  ]);
});

test("disconnectSockets() is Node's method, with Python's disconnect beside it for what looks like a sid", async (t) => {
  const { emitter, published } = await makeEmitter(t);
  await emitter.to(SID).disconnectSockets();
  await emitter.to(SID).disconnectSockets(true);
  await emitter.of("/chat").except("r").disconnectSockets(true);
  await emitter.to("r").disconnectSockets("yes" as unknown as boolean);
  t.deepEqual(published, [
    { method: "node_disconnect", room: SID, except: [], close: false, namespace: "/" },
    { method: "disconnect", sid: SID, namespace: "/", node },
    { method: "node_disconnect", room: SID, except: [], close: true, namespace: "/" },
    { method: "disconnect", sid: SID, namespace: "/", node },
    { method: "node_disconnect", room: null, except: ["r"], close: true, namespace: "/chat" },
    { method: "node_disconnect", room: "r", except: [], close: true, namespace: "/" },
  ]);
});

test("rooms that are integers to Python are so in every operation", async (t) => {
  const toPythonRoom = (room: string) => (/^\d+$/.test(room) ? Number(room) : room);
  const { emitter, published } = await makeEmitter(t, { toPythonRoom });
  await emitter.to("42").emit("e");
  await emitter.to(SID).socketsJoin("42");
  await emitter.to("42").socketsLeave("42");
  await emitter.to("42").socketsJoin("7");
  t.deepEqual(
    published.map((message) => {
      const { method, room, names } = message as Record<string, unknown>;
      return [method, room, names];
    }),
    [
      ["emit", 42, undefined],
      ["node_join", SID, ["42"]],
      ["enter_room", 42, undefined],
      ["close_room", 42, undefined],
      ["node_join", "42", ["7"]],
    ],
  );
});

test("serverSideEmit() goes to Node hosts, beside the channel that Python reads", async (t) => {
  const { emitter, published, forHosts } = await makeEmitter(t);
  await emitter.serverSideEmit("news", 1, { bytes: Buffer.from([0, 255]) });
  await emitter.of("chat").serverSideEmit("news");
  t.deepEqual(forHosts, [
    {
      ...{ type: "server_side_emit", id: 0, namespace: "/", isAcknowledged: false },
      args: ["news", 1, { bytes: Buffer.from([0, 255]) }],
    },
    { type: "server_side_emit", id: 0, namespace: "/chat", isAcknowledged: false, args: ["news"] },
  ]);
  t.deepEqual(published, []);
});

test("what no host would read is refused before anything is published", async (t) => {
  const { emitter, published, forHosts } = await makeEmitter(t);
  const nothing = undefined as unknown as string;
  const refused: [() => Promise<void>, RegExp][] = [
    [() => emitter.to(nothing).socketsJoin("a"), /neither a string nor an integer/],
    [() => emitter.to(SID).socketsJoin(["a", nothing]), /neither a string nor an integer/],
    [() => emitter.socketsLeave(1.5), /neither a string nor an integer/],
    [() => emitter.except(nothing).socketsLeave("a"), /not a string/],
    [() => emitter.except(42 as unknown as string).disconnectSockets(), /not a string/],
    [() => emitter.of(nothing).disconnectSockets(), /not a string/],
    [() => emitter.compress("no" as unknown as boolean).emit("e"), /takes true or false/],
    [() => emitter.serverSideEmit("connection"), /an event of Socket.IO itself/],
    [() => emitter.serverSideEmit("new_namespace"), /an event of Socket.IO itself/],
    [() => emitter.serverSideEmit(nothing), /not a string/],
    [() => emitter.serverSideEmit("ask", () => {}), /acknowledgements are not supported/],
    [() => emitter.serverSideEmit("news", 1n), /bigint/],
    [() => emitter.of(nothing).serverSideEmit("news"), /not a string/],
  ];
  for (const [attempt, message] of refused) {
    // Nobody has to handle it.
    void attempt();
    const error = await t.throwsAsync(attempt, { instanceOf: BridgeError, message });
    t.is(error?.code, "BRIDGE_INVALID_ARGUMENT");
  }
  await emitter.emit("barrier");
  t.is(published.length, 1);
  t.deepEqual(forHosts, []);
});

test("a timeout may stand before or after the rest, and the last one counts", async (t) => {
  const { emitter, published } = await makeEmitter(t, { acks: true, pythonHosts: "never" });
  const asked = [
    emitter.timeout(10_000).to("r").except(SID).volatile.emitWithAck("ask", 1),
    emitter.to("r").timeout(1).compress(true).timeout(20_000).in("s").emitWithAck("ask", 1),
  ];
  t.deepEqual(await Promise.all(asked), [[], []]);
  t.deepEqual(
    published.map((message) => {
      const { room, except, node } = message as Record<string, unknown>;
      return { room, except, node };
    }),
    [
      { room: "r", except: [SID], node: { volatile: true, ackTimeout: 10_000 } },
      { room: ["r", "s"], except: undefined, node: { compress: true, ackTimeout: 20_000 } },
    ],
  );
});
