import test, { type ExecutionContext } from "ava";
import { BridgeError, createEmitter, memoryBus } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";

async function makeEmitter(t: ExecutionContext) {
  const listener = memoryBus(t.title);
  const sent = new Inbox<Record<string, unknown>>();
  await listener.subscribe("flask-socketio", (payload) => sent.add(JSON.parse(Buffer.from(payload).toString())));
  const emitter = createEmitter(memoryBus(t.title), { channel: ["flask-socketio", "socketio"], logger: false });
  cleanUp(t, () => Promise.all([listener.close(), emitter.close()]));
  return { emitter, sent };
}

test("targets add up, and each call leaves the target it is called on as it was", async (t) => {
  const { emitter, sent } = await makeEmitter(t);
  const chat = emitter.of("/chat");
  const names = ["r"];
  const room = chat.to(names);
  names.push("added later");
  await room.to(["s", "r"]).in(42).except("x").except(["y"]).emit("e", 1, [2]);
  await room.emit("e");
  await chat.emit("e");
  await emitter.of("chat").emit("e");
  const base = { method: "emit", event: "e", binary: false, namespace: "/chat", skip_sid: null, callback: null };
  const { host_id } = sent.items[0] ?? {};
  t.regex(String(host_id), /^[0-9a-f]{32}$/);
  t.deepEqual(sent.items, [
    { ...base, data: [1, [2]], room: ["r", "s", 42], skip_sid: ["x", "y"], except: ["x", "y"], host_id },
    { ...base, data: null, room: "r", host_id },
    { ...base, data: null, room: null, host_id },
    { ...base, data: null, room: null, host_id },
  ]);
});

test("room commands name sid, room and namespace", async (t) => {
  const { emitter, sent } = await makeEmitter(t);
  await emitter.enterRoom("s", 42);
  await emitter.of("/chat").leaveRoom("s", "r");
  await emitter.closeRoom(9007199254740993n);
  await emitter.of("/chat").disconnect("s");
  t.deepEqual(
    sent.items.map(({ host_id, ...message }) => message),
    [
      { method: "enter_room", sid: "s", room: 42, namespace: "/" },
      { method: "leave_room", sid: "s", room: "r", namespace: "/chat" },
      { method: "close_room", room: Number(9007199254740993n), namespace: "/" },
      { method: "disconnect", sid: "s", namespace: "/chat" },
    ],
  );
});

test("what the channel cannot carry rejects, and nothing is published", async (t) => {
  const { emitter, sent } = await makeEmitter(t);
  const error = await t.throwsAsync(emitter.emit("e", 1n), { instanceOf: BridgeError });
  t.is(error?.code, "BRIDGE_INVALID_ARGUMENT");
  await emitter.emit("barrier");
  t.deepEqual(
    sent.items.map(({ event }) => event),
    ["barrier"],
  );
});

test("invalid arguments reject, and do not end a process that does not await", async (t) => {
  const { emitter, sent } = await makeEmitter(t);
  const nothing = undefined as unknown as string;
  const refused = [
    () => emitter.emit(nothing),
    () => emitter.to(nothing).emit("e"),
    () => emitter.to(1.5).emit("e"),
    () => emitter.except(nothing).emit("e"),
    () => emitter.disconnect(nothing),
    () => emitter.enterRoom("s", Number.NaN),
    () => emitter.emit("connect"),
    () => emitter.emit("e", () => {}),
  ];
  for (const attempt of refused) {
    void attempt();
    const error = await t.throwsAsync(attempt, { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_INVALID_ARGUMENT");
  }
  await emitter.emit("barrier");
  t.is(sent.items.length, 1);
});

test("after close() nothing is published", async (t) => {
  const { emitter } = await makeEmitter(t);
  await emitter.close();
  await t.throwsAsync(emitter.emit("e"), { instanceOf: BridgeError, message: /closed/ });
});

test("close() ends an acknowledged emit that has only begun", async (t) => {
  const emitter = createEmitter(memoryBus(t.title), { logger: false, acks: true });
  const first = t.throwsAsync(emitter.timeout(20_000).emitWithAck("ask"), { code: "BRIDGE_CLOSED" });
  await emitter.close();
  await first;
  await t.throwsAsync(emitter.timeout(20_000).emitWithAck("ask"), { code: "BRIDGE_CLOSED" });
});

test("emitWithAck() without the option acks, or without a timeout, says what to do", async (t) => {
  const emitter = createEmitter(memoryBus(t.title), { logger: false });
  cleanUp(t, () => emitter.close());
  await t.throwsAsync(emitter.timeout(100).emitWithAck("ask"), {
    instanceOf: BridgeError,
    code: "BRIDGE_INVALID_ARGUMENT",
    message: /acks: true/,
  });
  await t.throwsAsync(
    emitter.emit("ask", () => {}),
    { code: "BRIDGE_INVALID_ARGUMENT", message: /timeout\(ms\)\.emitWithAck\(\)/ },
  );
  const asking = createEmitter(memoryBus(t.title), { logger: false, acks: true });
  cleanUp(t, () => asking.close());
  for (const timeout of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
    await t.throwsAsync(asking.timeout(timeout).emitWithAck("ask"), { code: "BRIDGE_INVALID_ARGUMENT" });
  }
  t.deepEqual(await asking.timeout(10_000).emitWithAck("ask"), []);
});
