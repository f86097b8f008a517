import test, { type ExecutionContext } from "ava";
import { Server } from "socket.io";
import { freePort } from "../../scripts/environment/free-port.js";
import { createAdapter } from "../../src/adapter/create-adapter.js";
import type { ObservedEmit } from "../../src/adapter/reporting/handle.js";
import { memoryBus } from "../../src/bus/memory.js";
import { createEmitter } from "../../src/emitter/create-emitter.js";
import { BridgeError } from "../../src/errors.js";
import type { AdapterOptions } from "../../src/options.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startMemoryHost as joinChannel } from "../helpers/memory-host.js";

async function makeFleet(t: ExecutionContext, options: AdapterOptions = {}) {
  const { host, channelled, send: sendPayload } = await joinChannel(t, options);
  const send = (message: object | string | Uint8Array) =>
    sendPayload(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message));
  const emit = (event: string, more: object = {}) =>
    send({ method: "emit", event, data: null, host_id: "peer", ...more });
  return { host, channelled, send, emit };
}

const BAD_MESSAGES: readonly (readonly [string, string | Uint8Array])[] = [
  ["not_json", "{"],
  ["not_object", "[]"],
  ["pickle", Buffer.from([0x80, 4, 0x95])],
  ["wrong_type", '{ "method": "emit", "event": 5, "host_id": "peer"}'],
  ["unsafe_name", '{"method": "emit", "event": "e", "data": {"__proto__": 1}, "host_id": "peer"}'],
  ["too_deep", `{"method": "emit", "event": "e", "data": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`],
  ["bad_callback", '{"method": "emit", "event": "e", "data": null, "callback": [1], "host_id": "peer"}'],
  ["reserved_event", '{"method": "emit", "event": "disconnect", "data": null, "host_id": "peer"}'],
  ["bad_base64", '{"method": "emit", "event": "e", "data": [[], "?"], "binary": true, "host_id": "peer"}'],
  [
    "bad_placeholder",
    '{"method": "emit", "event": "e", "data": [[{"_placeholder": true, "num": 7}]], "binary": true, "host_id": "peer"}',
  ],
  ["unknown_namespace", '{"method": "emit", "event": "e", "data": null, "namespace": "/nobody", "host_id": "peer"}'],
];

for (const [reason, bad] of BAD_MESSAGES) {
  test(`a bad message is rejected as a whole, counted, reported and logged once, and the next is delivered: ${reason}`, async (t) => {
    const { host, send, emit } = await makeFleet(t);
    const client = await connectClient(t, host.url);
    await send(bad);
    await send(bad);
    await emit("good");
    t.deepEqual(await client.until("good"), []);
    t.deepEqual(host.adapter.stats().rejected, { [reason]: 2 });
    t.deepEqual(
      host.rejections.items.map((rejection) => [rejection.reason, rejection.channel]),
      [
        [reason, "socketio"],
        [reason, "socketio"],
      ],
    );
    t.is(host.log.length, 1);
    const sender = /"host_id": "peer"/.test(String(bad)) ? "peer" : "an unknown host";
    t.true(
      host.log[0]?.startsWith(`[socketio-python-bridge] rejected a message on "socketio" from ${sender}: ${reason}: `),
    );
    t.false(host.log[0]?.includes("\n"));
  });
}

test("a message to a namespace that is closed already, while the server closes, is passed over silently", async (t) => {
  const { host, send, emit } = await makeFleet(t);
  host.io.of("/other");
  await host.io.of("/").adapter.close();
  await emit("e");
  await send({ method: "disconnect", sid: "someone", namespace: "/", host_id: "peer" });
  t.deepEqual(host.adapter.stats().rejected, {});
  t.deepEqual(host.log, []);
});

test("a message of 64 MB is rejected, and the next is delivered", async (t) => {
  const { host, send, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  await send(`{"method": "emit", "event": "e", "data": "${"x".repeat(64 * 1024 * 1024)}"}`);
  await emit("good");
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(host.adapter.stats().rejected, { too_large: 1 });
});

test("the advice on a pickle names its sender and the remedy", async (t) => {
  const { host, send } = await makeFleet(t);
  await send(Buffer.from([0x80, 4, 0x95]));
  const { advice } = await host.rejections.find("the rejection", () => true);
  t.regex(advice ?? "", /python-socketio older than 5\.14/);
  t.regex(advice ?? "", /Upgrade/);
});

test("unknown methods and messages without one are counted and ignored silently", async (t) => {
  const { host, send, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  await send("{}");
  await send({ method: "from the future", host_id: "peer" });
  await emit("good");
  await client.until("good");
  t.like(host.adapter.stats(), { ignored: 2, rejected: {} });
  t.deepEqual(host.log, []);
});

test("a message is rejected when an outgoing listener throws, and the next is delivered", async (t) => {
  const { host, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  host.io.sockets.sockets.get(client.sid)?.onAnyOutgoing((event) => {
    if (event === "bad") {
      throw new Error("no such thing");
    }
  });
  await emit("bad");
  await emit("good");
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(host.adapter.stats().rejected, { undeliverable: 1 });
});

test("a host delivers its own emit at once and drops the echo", async (t) => {
  const { host, channelled } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  host.io.emit("once", 1);
  const { host_id } = await channelled.find("the emit", ({ event }) => event === "once");
  t.is(host_id, host.adapter.hostId);
  t.regex(host.adapter.hostId, /^[0-9a-f]{32}$/);
  host.io.emit("the end");
  t.deepEqual(await client.until("the end"), [["once", 1]]);
  await channelled.find("the end", ({ event }) => event === "the end");
  t.like(host.adapter.stats(), { echoes: 2, published: 2 });
});

test("io.local and acknowledged emits to a client of this host are not published", async (t) => {
  const { host, channelled } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  await client.acknowledgeWith("here");
  host.io.local.emit("local");
  t.deepEqual(await host.io.timeout(5_000).to(client.sid).emitWithAck("ask"), ["here"]);
  host.io.emit("the end");
  await channelled.find("the end", ({ event }) => event === "the end");
  t.is(channelled.items.length, 1);
});

/** Whether an emit asks the client that has a sid apart from the room with that name. */
const isForClient = ({ event, node }: Record<string, unknown>) =>
  event === "ask" && (node as { readonly ignore?: boolean }).ignore === true;

test("acknowledgements that are late, repeated, foreign or unsolicited are ignored", async (t) => {
  const { host, channelled, send, emit } = await makeFleet(t);
  const sid = "A".repeat(20);
  const asked = host.io.timeout(5_000).to(sid).emitWithAck("ask");
  const { callback } = await channelled.find("the emit for the client", isForClient);
  const [room, namespace, id] = callback as [string, string, number];
  const answer = { method: "callback", host_id: host.adapter.hostId, sid: room, namespace, id, args: ["right"] };
  await send({ ...answer, id: id + 1, args: ["unknown"] });
  await send({ ...answer, sid: "B".repeat(20), args: ["another room"] });
  await send({ ...answer, namespace: "/other", args: ["another namespace"] });
  await send({ ...answer, host_id: "0".repeat(32), args: ["another host"] });
  await send(answer);
  await send({ ...answer, args: ["repeated"] });
  t.deepEqual(await asked, ["right"]);
  const client = await connectClient(t, host.url);
  await emit("the end");
  await client.until("the end");
  t.like(host.adapter.stats(), { unknownAcks: 4, pendingAcks: 0, rejected: {} });
});

test("pending acknowledgements are limited: beyond the limit an emit is delivered and can only time out", async (t) => {
  const { host, channelled } = await makeFleet(t, { maxPendingAcks: 2 });
  const ask = (name: string) => host.io.timeout(100).to("A".repeat(20)).emitWithAck(name);
  const asked = [ask("first"), ask("second"), ask("third")];
  t.is(host.adapter.stats().pendingAcks, 2);
  for (const promise of asked) {
    await t.throwsAsync(promise, { message: "operation has timed out" });
  }
  // socket.io's own timer may fire first.
  while (host.adapter.stats().pendingAcks > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(host.adapter.stats().pendingAcks, 0);
  t.deepEqual(
    channelled.items.flatMap(({ method, event, callback }) => (method === "emit" ? [[event, callback !== null]] : [])),
    [
      ["first", true],
      ["first", true],
      ["second", true],
      ["second", true],
      ["third", false],
    ],
  );
  t.true(host.log.some((line) => line.includes("2 acknowledgements are awaited already")));
});

test("acknowledgements that clients owe to other hosts are limited: the oldest are forgotten", async (t) => {
  const { host, channelled, emit } = await makeFleet(t, { maxPendingAcks: 2 });
  const client = await connectClient(t, host.url);
  await client.neverAcknowledge();
  for (let id = 1; id <= 5; id += 1) {
    await emit("ask", { room: client.sid, callback: [client.sid, "/", id] });
  }
  await emit("the end");
  await client.until("the end");
  const { acks } = host.io.sockets.sockets.get(client.sid) as unknown as { acks: Map<number, unknown> };
  t.is(acks.size, 2);
  // One that was acknowledged makes room again.
  await client.acknowledgeWith("yes");
  await emit("ask", { room: client.sid, callback: [client.sid, "/", 6] });
  t.like(await channelled.find("the answer", ({ method }) => method === "callback"), { id: 6, args: ["yes"] });
  t.is(acks.size, 1);
});

test("an acknowledgement names the host, the room, the namespace and the number of the emit", async (t) => {
  const { host, channelled, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url, { namespace: "/chat" });
  await client.acknowledgeWith({ a: 1 }, "two");
  await emit("ask", { namespace: "/chat", callback: [null, "/chat", 3] });
  t.deepEqual(await channelled.find("the answer", ({ method }) => method === "callback"), {
    method: "callback",
    host_id: "peer",
    sid: null,
    namespace: "/chat",
    id: 3,
    args: [{ a: 1 }, "two"],
  });
});

test("onEmit is called with emits of this host and of others, before they are delivered", async (t) => {
  const { host, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  const seen: ObservedEmit[] = [];
  host.adapter.onEmit((observed) => {
    seen.push(observed);
    host.io.local.emit(`before ${observed.event}`);
  });
  await emit("theirs", { data: [1], room: ["r", client.sid], skip_sid: "s" });
  await client.until("theirs");
  host.io.to(client.sid).except("x").emit("ours", 2);
  t.deepEqual(await client.until("ours"), [["before theirs"], ["theirs", 1], ["before ours"]]);
  const common = { namespace: "/" };
  t.deepEqual(seen, [
    {
      ...common,
      event: "theirs",
      args: [1],
      rooms: ["r", client.sid],
      skipSids: ["s"],
      hostId: "peer",
      origin: "channel",
    },
    {
      ...common,
      event: "ours",
      args: [2],
      rooms: [client.sid],
      skipSids: ["x"],
      hostId: host.adapter.hostId,
      origin: "local",
    },
  ]);
});

test("dynamic namespaces are reached while they have clients", async (t) => {
  const { host, emit } = await makeFleet(t);
  host.io.of(/^\/room-\d+$/);
  const client = await connectClient(t, host.url, { namespace: "/room-7" });
  await emit("hello", { namespace: "/room-7" });
  await emit("the end", { namespace: "/room-7" });
  t.deepEqual(await client.until("the end"), [["hello"]]);
});

test("one adapter serves one server", async (t) => {
  const adapter = createAdapter(memoryBus(t.title));
  const first = new Server({ adapter });
  const error = t.throws(() => new Server({ adapter }), { instanceOf: BridgeError });
  t.is(error.code, "BRIDGE_INVALID_OPTION");
  await first.sockets.adapter.close();
});

test("a room with clients is a room, even where its name looks like a sid", async (t) => {
  const name = "project-general-chat";
  const { host, channelled, send } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  await client.call("join", name);
  await client.acknowledgeWith("local");
  const asked = host.io.timeout(3_000).to(name).emitWithAck("ask");
  const { callback } = await channelled.find("the emit", ({ event }) => event === "ask");
  const [sid, namespace, id] = callback as unknown[];
  const answer = { method: "callback", host_id: host.adapter.hostId, sid, namespace, id };
  await send({ ...answer, args: ["remote"] });
  await send({ ...answer, args: ["another"] });
  t.deepEqual([...(await asked)].sort(), ["another", "local", "remote"]);
  host.io.except(name).emit("not for them");
  t.like(await channelled.find("the emit", ({ event }) => event === "not for them"), { except: [name] });
});

test("acknowledgements that came count, although the process was held up when it emitted", async (t) => {
  const { host, channelled, send } = await makeFleet(t, { pythonHosts: "always" });
  const { adapter } = host.io.of("/");
  const broadcastWithAck = adapter.broadcastWithAck.bind(adapter);
  // The timer of socket.io runs by then.
  adapter.broadcastWithAck = (...args) => {
    const end = performance.now() + 30;
    while (performance.now() < end);
    broadcastWithAck(...args);
  };
  const asked = host.io.timeout(3_000).to("room").emitWithAck("ask");
  const { callback } = await channelled.find("the emit", ({ event }) => event === "ask");
  const [sid, namespace, id] = callback as unknown[];
  await send({ method: "callback", host_id: host.adapter.hostId, sid, namespace, id, args: ["remote"] });
  t.deepEqual(await asked, ["remote"]);
});

test("a sid of python-socketio 4 is a sid in the dialect of such hosts, and a room in others", async (t) => {
  const sid = "800bf4f88f5a40a2ba432f96709566b0";
  const told = async (options: AdapterOptions) => {
    const { host, channelled } = await makeFleet(t, options);
    host.io.in(sid).disconnectSockets();
    host.io.emit("the end");
    await channelled.find("the end", ({ event }) => event === "the end");
    return channelled.items.filter(({ method }) => method === "disconnect").map((message) => message.sid);
  };
  t.deepEqual(await told({ dialect: "5.2" }), [sid]);
  t.deepEqual(await told({ dialect: "5.13" }), []);
});

test("acknowledgements are collected although the broadcast itself takes long", async (t) => {
  const { host } = await makeFleet(t);
  const clients = await Promise.all([connectClient(t, host.url), connectClient(t, host.url)]);
  await Promise.all(clients.map((client) => client.acknowledgeWith("yes")));
  // Writing two megabytes takes longer than the margin that is left for it.
  t.deepEqual(await host.io.timeout(5_000).emitWithAck("ask", "x".repeat(2_000_000)), ["yes", "yes"]);
});

test("io.to(undefined) is nobody here and nobody elsewhere", async (t) => {
  const { host, channelled } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  const nothing = undefined as unknown as string;
  host.io.to(nothing).emit("to nobody");
  host.io.except(nothing).emit("to everybody");
  host.io.to(["r", nothing]).emit("to r");
  host.io.in(nothing).socketsJoin("r");
  host.io.in(nothing).disconnectSockets();
  host.io.emit("the end");
  t.deepEqual(await client.until("the end"), [["to everybody"]]);
  await channelled.find("the end", ({ event }) => event === "the end");
  t.deepEqual(
    channelled.items.map(({ event, room, skip_sid }) => [event, room, skip_sid]),
    [
      ["to everybody", null, null],
      ["to r", "r", null],
      ["the end", null, null],
    ],
  );
});

test("an emit that the channel cannot carry reaches nobody", async (t) => {
  const { host, channelled } = await makeFleet(t, {
    toPythonRoom: (room) => {
      if (room === "broken") {
        throw new Error("no such room");
      }
      return room;
    },
  });
  const client = await connectClient(t, host.url);
  t.throws(() => host.io.emit("bigint", 1n), {
    instanceOf: BridgeError,
    message: /"bigint" cannot be written as JSON/,
  });
  t.throws(() => host.io.to("broken").emit("hook"), { message: "no such room" });
  await t.throwsAsync(host.io.timeout(100).emitWithAck("bigint", 1n), { instanceOf: BridgeError });
  host.io.emit("the end");
  t.deepEqual(await client.until("the end"), []);
  await channelled.find("the end", ({ event }) => event === "the end");
  t.is(channelled.items.length, 1);
});

test("a long list of large integer rooms costs no more than its length", async (t) => {
  const { host, send, emit } = await makeFleet(t);
  const client = await connectClient(t, host.url);
  await client.call("join", "9007199254745992");
  const rooms = Array.from({ length: 20_000 }, (_, index) => 9007199254740993n + BigInt(index));
  await send(`{"method": "emit", "event": "many", "data": null, "room": [${rooms.join(",")}]}`);
  await emit("the end");
  t.deepEqual(await client.until("the end"), [["many"]]);
});

test("with connection state recovery, emits to one client of this host are not published", async (t) => {
  const bus = memoryBus(t.title);
  const other = memoryBus(t.title);
  cleanUp(t, () => other.close());
  const channelled = new Inbox<string>();
  await other.subscribe("socketio", (payload) => {
    const { method, event } = JSON.parse(Buffer.from(payload).toString());
    channelled.add(event ?? method);
  });
  const adapter = createAdapter(bus);
  const io = new Server({ adapter, connectionStateRecovery: {} });
  const port = await freePort();
  io.listen(port);
  cleanUp(t, () => io.close());
  await adapter.ready();
  const client = await connectClient(t, `http://127.0.0.1:${port}`);
  io.sockets.sockets.get(client.sid)?.emit("private");
  io.emit("public");
  await channelled.find("the public one", (event) => event === "public");
  t.deepEqual(channelled.items, ["node_checkpoint", "public"]);
  t.deepEqual(
    (await client.until("public")).map(([event]) => event),
    ["private"],
  );
});

test("a bus belongs to one adapter or emitter", async (t) => {
  const bus = memoryBus(t.title);
  cleanUp(t, () => bus.close());
  createAdapter(bus);
  for (const make of [createAdapter, createEmitter]) {
    t.throws(() => make(bus), { instanceOf: BridgeError, message: /belongs to another/ });
  }
  for (const nothing of [undefined, null, 5, {}]) {
    const error = t.throws(() => createAdapter(nothing as unknown as string), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_URL");
  }
});

test("an adapter does not outlive its server", async (t) => {
  const { host } = await makeFleet(t);
  await host.io.close();
  const error = t.throws(() => new Server({ adapter: host.adapter }), { instanceOf: BridgeError });
  t.is(error.code, "BRIDGE_CLOSED");
});

test("a namespace that is reopened before the old one is closed still receives", async (t) => {
  const { host, emit } = await makeFleet(t);
  const first = host.io.of("/again").adapter;
  const { _nsps } = host.io as unknown as { _nsps: Map<string, unknown> };
  _nsps.delete("/again");
  const client = await (async () => {
    host.io.of("/again");
    return connectClient(t, host.url, { namespace: "/again" });
  })();
  await first.close();
  await emit("hello", { namespace: "/again" });
  await client.until("hello");
  t.pass();
});

test("close() ends pending acknowledgements and closes the bus", async (t) => {
  const { host } = await makeFleet(t);
  const asked = host.io.timeout(50).to("A".repeat(20)).emitWithAck("ask");
  t.is(host.adapter.stats().pendingAcks, 1);
  await host.io.close();
  t.is(host.adapter.stats().pendingAcks, 0);
  t.deepEqual(host.statuses.items.at(-1), { type: "closed" });
  await t.throwsAsync(host.adapter.ready(), { message: "the adapter is closed" });
  await t.throwsAsync(asked, { message: "operation has timed out" });
});

test("an option that does not exist is refused, and named with those that do", (t) => {
  for (const [options, message] of [
    [{ chanel: "chat" }, /^there is no option "chanel"; there are acks, channel, credentials, .*, toPythonRoom$/],
    [{ constructor: "chat" }, /^there is no option "constructor"; /],
    [{ outage: { maxage: 1 } }, /^there is no option of outage "maxage"; there are maxAge, maxBytes, /],
    [{ recovery: { maxAge: 1 } }, /^there is no option of recovery "maxAge"; there are maxBytes, /],
  ] as const) {
    const given = options as object;
    t.throws(() => createAdapter("redis://localhost", given), { code: "BRIDGE_INVALID_OPTION", message });
  }
  t.throws(() => createEmitter("redis://localhost", { chanel: "chat" } as object), {
    code: "BRIDGE_INVALID_OPTION",
  });
  t.notThrows(() => createAdapter(memoryBus(t.title), { chanel: undefined, acks: true } as object));
});

for (const [option, value] of [
  ["channel", ""],
  ["channel", []],
  ["maxMessageSize", 0],
  ["maxMessageSize", 1_023],
  ["maxMessageSize", 64 * 1024 * 1024],
  ["maxMessageSize", Number.NaN],
  ["maxPendingAcks", -1],
  ["encoding", "pickle"],
  ["encoding", "toString"],
  ["outage", { maxAge: "soon" }],
] as const) {
  test(`the option ${option} rejects ${JSON.stringify(value)}`, (t) => {
    const options = { [option]: value } as AdapterOptions;
    const error = t.throws(() => createAdapter("redis://localhost", options), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_OPTION");
    t.regex(error.message, new RegExp(option));
  });
}

test("a URL of an unknown scheme lists the known ones, and hides its password", (t) => {
  const error = t.throws(() => createAdapter("mqtt://user:hunter2@host"), { instanceOf: BridgeError });
  t.is(error.code, "BRIDGE_INVALID_URL");
  t.regex(error.message, /redis:\/\/, rediss:\/\//);
  t.notRegex(error.message, /hunter2/);
});
