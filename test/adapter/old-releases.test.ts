import test, { type ExecutionContext } from "ava";
import { type AdapterOptions, BridgeError, createAdapter, createEmitter, memoryBus } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startMemoryHost as joinChannel } from "../helpers/memory-host.js";
import { frameOf, REAL_PICKLES } from "../helpers/pickles.js";

async function makeFleet(t: ExecutionContext, options: AdapterOptions) {
  const fleet = await joinChannel(t, options);
  return { ...fleet, client: await connectClient(t, fleet.host.url) };
}

const GOOD = '{"method": "emit", "event": "good", "data": null}';

/** As the newest Python of the fixtures writes it. */
function real(name: string, protocol: number): Buffer {
  const found = REAL_PICKLES.findLast((pickle) => pickle.name === name && pickle.protocol === protocol);
  if (found === undefined) {
    throw new Error(`no such pickle: ${name}`);
  }
  return frameOf(found);
}

test("a pickle is rejected unless the option allows it; the advice names the option and its limits", async (t) => {
  const { host, client, send } = await makeFleet(t, {});
  await send(real("several arguments", 4));
  await send(real("several arguments", 0));
  await send(GOOD);
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(host.adapter.stats().rejected, { pickle: 2 });
  const [first, second] = host.rejections.items;
  t.like(first, { reason: "pickle", detail: "a pickle of protocol 4", hostId: undefined });
  t.like(second, { reason: "pickle", detail: "a pickle of protocol 0 or 1" });
  for (const words of [
    /older than 5\.14/,
    /Upgrade it/,
    /legacyPickle: "data-only"/,
    /no risk away from the Python hosts/,
  ]) {
    t.regex(first?.advice ?? "", words);
    t.regex(host.log[0] ?? "", words);
  }
});

test("the data in a pickle is delivered where the option allows it", async (t) => {
  const { host, client, send } = await makeFleet(t, { legacyPickle: "data-only" });
  for (const name of ["several arguments", "an empty tuple", "a tuple of None", "a list of None", "no data"]) {
    for (const protocol of [0, 2, 5]) {
      await send(real(name, protocol));
    }
  }
  await send(real("bytes", 4));
  await send(GOOD);
  const each = (args: readonly unknown[]) => Array(3).fill(["e", ...args]);
  t.deepEqual(await client.until("good"), [
    ...each([1, "twö", null, [3], { four: 4.5 }]),
    ...each([]),
    ...each([null]),
    ...each([[null]]),
    ...each([]),
    [
      "e",
      Buffer.from([0x80, 4, 0x2e]),
      { "at depth": [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(256, "x")] },
    ],
  ]);
  t.deepEqual(host.adapter.stats().rejected, {});
});

test("a pickle with more than data in it is reported as an attack, and the next message is delivered", async (t) => {
  const { host, client, send } = await makeFleet(t, { legacyPickle: "data-only" });
  await send(real("a command in a message", 4));
  await send(real("a command in a message", 2));
  await send(real("a set", 4));
  await send(GOOD);
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(host.adapter.stats().rejected, { unsafe_pickle: 3 });
  t.deepEqual(
    host.rejections.items.map(({ reason, detail }) => [reason, detail.replace(/, at byte \d+$/, "")]),
    [
      ["unsafe_pickle", "STACK_GLOBAL"],
      ["unsafe_pickle", 'GLOBAL "posix.system"'],
      ["unsafe_pickle", "EMPTY_SET"],
    ],
  );
  t.regex(host.rejections.items[0]?.advice ?? "", /an attack, and every host with python-socketio older than 5\.14/);
});

test("an emit that the dialect cannot express is dropped, and reaches nobody", async (t) => {
  const { host, client, channelled } = await makeFleet(t, { dialect: "5.13" });
  for (const args of [[1, 2], [Buffer.from("x")]]) {
    host.io.emit("bad", ...args);
  }
  t.deepEqual(
    await t.throwsAsync(host.io.timeout(100).emitWithAck("bad", 1, 2)).then((error) => error?.message),
    "operation has timed out",
  );
  await host.statuses.find("what was dropped", () => host.adapter.stats().dropped === 3);
  t.regex(host.log.join(), /not sent: the event "bad" has 2 arguments.* \(the option dialect is "5\.13"\)/);
  t.is(host.adapter.stats().pendingAcks, 0);
  // Emits that are not published are not limited by the dialect.
  host.io.local.emit("local", 1, 2);
  host.io.sockets.sockets.get(client.sid)?.emit("direct", Buffer.from("x"), 2);
  host.io.emit("good", [1, 2]);
  await client.until("good");
  t.deepEqual(client.received(), [
    ["local", 1, 2],
    ["direct", Buffer.from("x"), 2],
    ["good", [1, 2]],
  ]);
  t.like(await channelled.find("the emit", () => true), { event: "good", data: [1, 2], node: { list: true } });
});

test("an emitter rejects what the dialect cannot express", async (t) => {
  const { client } = await makeFleet(t, {});
  const emitter = createEmitter(memoryBus(t.title), { dialect: "5.2", logger: false });
  cleanUp(t, () => emitter.close());
  for (const bad of [
    emitter.emit("bad", 1, 2),
    emitter.emit("bad", Buffer.from("x")),
    emitter.to(["a", "b"]).emit("bad"),
  ]) {
    t.is((await t.throwsAsync(bad, { instanceOf: BridgeError }))?.code, "BRIDGE_INVALID_ARGUMENT");
  }
  await emitter.to(client.sid).emit("list", [[]]);
  await emitter.emit("good");
  t.deepEqual(await client.until("good"), [["list", [[]]]]);
});

test("an emitter that collects acknowledgements logs the pickles that it rejects", async (t) => {
  const other = memoryBus(t.title);
  const lines = new Inbox<string>();
  const logger = { info: () => {}, warn: (line: string) => lines.add(line) };
  const emitter = createEmitter(memoryBus(t.title), { acks: true, logger });
  cleanUp(t, () => Promise.all([other.close(), emitter.close()]));
  // It subscribes with the first acknowledged emit, however that ends.
  await Promise.allSettled([emitter.timeout(1_000).emitWithAck("ask")]);
  await other.publish("socketio", real("an answer", 4));
  const line = await lines.find("a line", (text) => text.includes("rejected a message"));
  t.regex(line, /on "socketio" from an unknown host: pickle: a pickle of protocol 4\. .*legacyPickle: "data-only"/);
});

test("a sid of python-socketio 4 is recognised in the dialect of such hosts alone", async (t) => {
  const sid = "0f8fad5bd9cb469fa16570867728950e";
  for (const [dialect, methods] of [
    ["5.2", ["node_disconnect", "disconnect"]],
    ["5.13", ["node_disconnect"]],
  ] as const) {
    const { host, channelled } = await makeFleet(t, { dialect });
    host.io.in(sid).disconnectSockets();
    host.io.emit("the end");
    await channelled.find("the end", ({ event }) => event === "the end");
    t.deepEqual(
      channelled.items.slice(0, -1).map(({ method }) => method),
      methods,
    );
    await host.io.close();
  }
});

for (const [option, value, words] of [
  ["legacyPickle", "load", /legacyPickle is "load"; it takes refuse or data-only/],
  ["dialect", "5.12", /dialect is "5\.12"; it takes 5\.15, 5\.14, 5\.13 or 5\.2/],
  ["dialect", "toString", /dialect is "toString"/],
] as const) {
  test(`the option ${option} rejects ${JSON.stringify(value)}`, (t) => {
    const options = { [option]: value } as unknown as AdapterOptions;
    const error = t.throws(() => createAdapter(memoryBus(t.title), options), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_OPTION");
    t.regex(error.message, words);
  });
}

test("MessagePack needs the newest dialect", (t) => {
  for (const dialect of ["5.14", "5.13", "5.2"] as const) {
    const make = () => createEmitter(memoryBus(t.title), { encoding: "msgpack", dialect });
    const error = t.throws(make, { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_OPTION");
    t.regex(error.message, new RegExp(`the dialect "${dialect}" does not read the encoding "msgpack"`));
  }
  t.notThrows(() => createEmitter(memoryBus(t.title), { encoding: "msgpack", dialect: "5.15" }).close());
});
