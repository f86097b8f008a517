import { register } from "node:module";
import test from "ava";
import { moduleUrl } from "../../helpers/run-from.js";

// Before anything imports the library: everything below that might is imported dynamically.
register(moduleUrl("test/protocol/msgpack/next-release-hooks.ts"));

const { encode: pack } = await import("@msgpack/msgpack");
const { createEmitter, memoryBus } = await import("../../../src/index.js");
const { decode } = await import("../../../src/protocol/decode.js");
const { decodeSideChannel } = await import("../../../src/protocol/side-channel/decode.js");
const { encodeSideChannel } = await import("../../../src/protocol/side-channel/encode.js");
const { cleanUp } = await import("../../../src/testing/scope.js");
const { connectClient } = await import("../../helpers/clients.js");
const { startMemoryHost } = await import("../../helpers/memory-host.js");
const { HOST } = await import("../plain-emit.js");

const MAX_SIZE = 10_000;

const emitOf = (data: unknown) => pack({ method: "emit", event: "e", data, namespace: "/", host_id: HOST });

for (const key of ["constructor", "prototype"]) {
  test(`a message is rejected when the library throws on the key ${key}`, (t) => {
    t.deepEqual(decode(emitOf({ [key]: "Ferrari" }), MAX_SIZE), {
      kind: "rejected",
      rejection: { reason: "undecodable", detail: `@msgpack/msgpack: "The key ${key} is not allowed"` },
      hostId: undefined,
    });
    t.is(decode(emitOf({ name: "Ferrari" }), MAX_SIZE).kind, "message");
  });

  test(`a message of the side channel is rejected when the library throws on the key ${key}`, (t) => {
    const reply = { type: "reply", from: HOST, to: HOST, id: 1, part: 0, isLast: true } as const;
    const decoded = decodeSideChannel(encodeSideChannel({ ...reply, items: [{ [key]: 1 }] }, MAX_SIZE), MAX_SIZE);
    t.is(decoded.kind === "rejected" && decoded.rejection.reason, "undecodable");
    t.is(decodeSideChannel(encodeSideChannel({ ...reply, items: [] }, MAX_SIZE), MAX_SIZE).kind, "message");
  });
}

test("a server reports such messages of both channels, and delivers the next one", async (t) => {
  const { host, send } = await startMemoryHost(t);
  const client = await connectClient(t, host.url);
  const other = memoryBus(t.title);
  cleanUp(t, () => other.close());
  await send(emitOf({ constructor: 1 }));
  await other.publish(
    "socketio.node",
    encodeSideChannel({ type: "bye", from: HOST, constructor: 1 } as never, MAX_SIZE),
  );
  const emitter = createEmitter(other, { encoding: "msgpack" });
  await emitter.emit("good", { name: "Ferrari" });
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(host.adapter.stats().rejected, { undecodable: 2 });
  const { advice } = await host.rejections.find("the rejection", ({ reason }) => reason === "undecodable");
  t.regex(advice ?? "", /library/);
});
