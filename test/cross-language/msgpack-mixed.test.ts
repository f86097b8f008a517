import type { ExecutionContext } from "ava";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { createEmitter, type Encoding } from "../../src/index.js";
import { encodeMsgpackOrJson } from "../../src/protocol/encoders.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { float, integer, tuple } from "../../src/testing/typed-json.js";
import { connectClient, EVERY_CLIENT } from "../helpers/clients.js";
import type { PythonEncoding } from "../helpers/encodings.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPython } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

const bytes = Buffer.from([0, 1, 254, 255]);

async function startPair(
  t: ExecutionContext<{ readonly url: string }>,
  kind: "threaded" | "asgi",
  encodings: { readonly node: Encoding; readonly python: PythonEncoding },
) {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel, encoding: encodings.node });
  const python = await startPeer(t, kind, t.context.url, channel, { encoding: encodings.python });
  return { channel, node, python };
}

for (const kind of ["threaded", "asgi"] as const) {
  for (const encodings of [
    { node: "json", python: "json" },
    { node: "json", python: "msgpack" },
    { node: "msgpack", python: "json" },
    { node: "json", python: "plain" },
  ] as const) {
    const writers = `Node writes ${encodings.node}, a ${kind} Python host ${encodings.python}`;
    test.serial(`a fleet that changes over is one fleet at each step: ${writers}`, async (t) => {
      const { node, python } = await startPair(t, kind, encodings);
      const [onNode, onPython] = await Promise.all([connectClient(t, node.url), connectClient(t, python.url)]);
      await Promise.all([onNode.call("join", 9007199254740991), onPython.call("join", 9007199254740991)]);
      const room = Number.MAX_SAFE_INTEGER;
      const data = { a: [bytes, { b: bytes }], n: 1.5, u: "ů", at: 1_700_000_000_000 };
      await python.request("emit", { event: "from Python", data: tuple(data, [bytes], null), room });
      // To this one only: a client of a Python host ends its connection on a frame with NaN.
      const numbers = [float("nan"), integer("9007199254740993")];
      await python.request("emit", { event: "numbers", data: numbers, to: onNode.sid });
      await python.request("emit", { event: "skipped", skip_sid: [onNode.sid, onPython.sid] });
      await python.request("emit", { event: "Python's end" });
      const fromPython = [
        ["from Python", data, [bytes], null],
        ["numbers", [null, 9007199254740992]],
      ];
      t.deepEqual(await onNode.until("Python's end"), fromPython);
      node.io.emit("from Node", data, [bytes], null);
      node.io.to(onPython.sid).emit("to one", bytes);
      node.io.except(onPython.sid).emit("skipped");
      node.io.emit("the end");
      const own = (await onPython.until("the end")).slice(-2);
      t.deepEqual(own, [
        ["from Node", data, [bytes], null],
        ["to one", bytes],
      ]);

      await Promise.all([onNode.acknowledgeWith({ a: 1 }), onPython.acknowledgeWith("two")]);
      t.deepEqual(await python.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), { a: 1 });
      t.deepEqual(await node.io.timeout(10_000).to(onPython.sid).emitWithAck("ask"), ["two"]);
      t.deepEqual(node.rejections.items, []);
    });
  }

  for (const options of EVERY_CLIENT) {
    const name = `${options.kind} client over ${options.transport}`;
    test.serial(`bytes in the acknowledgement of a ${name} reach a ${kind} Python host, and a Node host`, async (t) => {
      const { node, python } = await startPair(t, kind, { node: "msgpack", python: "msgpack" });
      const onNode = await connectClient(t, node.url, options);
      const onPython = await connectClient(t, python.url, options);
      const answer = { a: [bytes, { b: bytes }], c: "text" };
      await Promise.all([onNode.acknowledgeWith(bytes), onPython.acknowledgeWith(bytes)]);
      t.deepEqual(await python.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), bytes);
      t.deepEqual(await node.io.timeout(10_000).to(onPython.sid).emitWithAck("ask"), [bytes]);
      await Promise.all([onNode.acknowledgeWith(answer), onPython.acknowledgeWith(answer)]);
      t.deepEqual(await python.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), answer);
      t.deepEqual(await node.io.timeout(10_000).to(onPython.sid).emitWithAck("ask"), [answer]);
      await onNode.acknowledgeWith("text", bytes);
      t.deepEqual(await python.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), ["text", bytes]);
    });
  }

  test.serial(`a ${kind} Python host that reads JSON alone loses what is MessagePack, and nothing else`, async (t) => {
    const { channel, node, python } = await startPair(t, kind, { node: "msgpack", python: "plain" });
    const emitter = createEmitter(t.context.url, { channel });
    cleanUp(t, () => emitter.close());
    const client = await connectClient(t, python.url);
    await emitter.emit("one");
    await client.until("one");
    const other = createEmitter(t.context.url, { channel, encoding: "msgpack" });
    cleanUp(t, () => other.close());
    await other.emit("lost", bytes);
    await other.enterRoom(client.sid, "lost");
    await emitter.emit("two");
    t.deepEqual(await client.until("two"), [["one"]]);
    t.deepEqual(await python.request("rooms", { sid: client.sid }), [client.sid]);
    t.deepEqual(node.rejections.items, []);
  });

  test.serial(`a ${kind} Python host logs what it cannot read, and goes on`, async (t) => {
    const { channel, node, python } = await startPair(t, kind, { node: "msgpack", python: "msgpack" });
    const emitter = createEmitter(t.context.url, { channel });
    cleanUp(t, () => emitter.close());
    const client = await connectClient(t, python.url);
    const { publish } = await openRaw(t, channel);
    for (const garbage of [[0x80, 4, 0x95], [0xde, 0], [0xde, 0, 1, 0xa1], [0x81, 0xa1, 0xff, 0], [0x7b], [0xdf], []]) {
      await publish(Buffer.from(garbage));
    }
    await publish(Buffer.concat([Buffer.from([0xdd]), Buffer.alloc(20, 0xff)]));
    node.io.emit("good", bytes);
    await emitter.emit("the end");
    await client.until("the end");
    await client.find(["good", bytes]);
    t.pass();
  });
}

/** The bare connection of a stranger. */
async function openRaw(t: ExecutionContext<{ readonly url: string }>, channel: string) {
  const { Redis } = await import("ioredis");
  const redis = new Redis(t.context.url);
  cleanUp(t, () => redis.disconnect());
  return { publish: (payload: Buffer) => redis.publish(channel, payload) };
}

/** Emits of a worker, with python-socketio's own manager or that of the package. */
const WORKER = `
import sys
import socketio
from socketio_bridge import msgpack

url, channel, how = sys.argv[1:]
managers = {
    "plain": lambda **options: socketio.RedisManager(url, **options),
    "json": lambda **options: socketio.RedisManager(url, json=msgpack, **options),
    "subclass": lambda **options: msgpack.RedisManager(url, **options),
}
manager = managers[how](channel=channel, write_only=True)
manager.emit("keys", {1: "a", -2: "b", None: "c", True: "d", 1.5: "e", 2**53 + 1: "f", "": "g"})
manager.emit("large", [2**53 + 1, 2**63, -(2**63), 2**64 - 1, 2**64, -(2**70)])
manager.emit("surrogate", {"half": "\\ud800"})
manager.emit("floats", [1.0, -0.0, 1e300, float("nan"), float("inf")])
manager.emit("placeholder", {"_placeholder": True, "num": 0})
manager.emit("bytes", (b"\\x00", {"a": [bytearray(b"\\xff")]}))
manager.emit("room", None, room=2**64)
manager.emit("room", None, room=[2**53 + 1, 2**63, "nobody"])
manager.enter_room("nobody", "/", 2**63)
manager.close_room(2**63)
manager.emit("the end", None)
`;

for (const how of ["json", "subclass"] as const) {
  test.serial(`a Python worker that writes MessagePack emits the same as in JSON: ${how}`, async (t) => {
    const received = async (manager: string) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const client = await connectClient(t, node.url);
      await Promise.all([2n ** 53n + 1n, 2n ** 63n, 2n ** 64n].map((room) => client.call("join", String(room))));
      const worker = startPython(t, ["-c", WORKER, t.context.url, channel, manager]);
      t.is(await worker.exited(), 0, worker.stderr.items.join("\n"));
      const events = await client.until("the end");
      t.deepEqual(node.rejections.items, []);
      return { events, rooms: [...node.io.sockets.adapter.rooms.keys()].filter((room) => room !== client.sid) };
    };
    const [plain, packed] = [await received("plain"), await received(how)];
    t.deepEqual(packed, plain);
    t.is(plain.events.length, 8);
    t.deepEqual(plain.rooms, ["9007199254740993", "18446744073709551616"]);
  });
}

test.serial("no interpreter of pickles gets beyond the first byte of MessagePack", async (t) => {
  // The short form of a map of ten keys is a pickle's LONG1, which passes over so many bytes and goes on in the data.
  const attack = "cposix\nsystem\n(S'touch /dev/null'\ntR.";
  const message = {
    method: "emit",
    event: "e",
    args: ["x".repeat(138) + attack],
    namespace: "/",
    rooms: null,
    skipSids: [],
    exceptRooms: ["x"],
    callback: null,
    hostId: "0".repeat(32),
  } as const;
  const fromNode = Buffer.from(encodeMsgpackOrJson(message)).toString("hex");
  const script = `
import pickle
from socketio_bridge import msgpack

message = {str(number): None for number in range(9)} | {"data": "x"}
for payload in (bytes.fromhex("${fromNode}"), msgpack.dumps(message)):
    try:
        pickle.loads(payload)
    except pickle.UnpicklingError as error:
        print(error)
`;
  const run = startPython(t, ["-c", script]);
  t.is(await run.exited(), 0);
  const refused = "invalid load key, '\\xde'.";
  t.deepEqual(run.stdout.items, [refused, refused]);
});
