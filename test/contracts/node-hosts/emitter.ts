import type { ExecutionContext, TestFn } from "ava";
import { createEmitter, type EmitterOptions, IncompleteError } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { startThree } from "../../helpers/node-fleet.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

/** Far longer than anything takes: whoever waits for it has not counted. */
const LONG_MS = 20_000;

export function testAskingEmitter(test: TestFn<TestBroker>): void {
  const makeEmitter = (t: ExecutionContext<TestBroker>, options: EmitterOptions) => {
    const emitter = createEmitter(t.context.url, { acks: true, heartbeatInterval: 500, ...options });
    cleanUp(t, () => emitter.close());
    return emitter;
  };

  test.serial("an emitter has the answers of the clients of all Node hosts, and is no host", async (t) => {
    const channel = ownChannel();
    const { hosts, clients } = await startThree(t, t.context.url, { channel });
    const emitter = makeEmitter(t, { channel, pythonHosts: "never" });
    await Promise.all(clients.map((client, index) => client.acknowledgeWith(index, "more")));
    await Promise.all([clients[1].call("join", "r"), clients[2].call("join", "r")]);
    t.deepEqual((await emitter.timeout(LONG_MS).emitWithAck("ask", 1)).sort(), [0, 1, 2]);
    t.deepEqual((await emitter.to("r").timeout(LONG_MS).emitWithAck("ask")).sort(), [1, 2]);
    t.deepEqual(await emitter.except("r").timeout(LONG_MS).emitWithAck("ask"), [0]);
    t.deepEqual(await emitter.to(clients[2].sid).timeout(LONG_MS).emitWithAck("ask"), [2]);
    t.deepEqual(await emitter.to("nobody").timeout(LONG_MS).emitWithAck("ask"), []);
    t.deepEqual(await emitter.of("/chat").timeout(LONG_MS).emitWithAck("ask"), []);
    t.is(await hosts[0].io.of("/").adapter.serverCount(), 3);
    t.deepEqual((await hosts[0].io.timeout(LONG_MS).emitWithAck("ask")).sort(), [0, 1, 2]);
    await clients[1].acknowledgeWith(Buffer.from([0, 255]));
    t.deepEqual(await emitter.to(clients[1].sid).timeout(LONG_MS).emitWithAck("ask"), [Buffer.from([0, 255])]);
  });

  test.serial("a client that does not answer an emitter costs a timeout, close() ends what is awaited", async (t) => {
    const channel = ownChannel();
    const { clients } = await startThree(t, t.context.url, { channel });
    const emitter = makeEmitter(t, { channel, pythonHosts: "never" });
    await Promise.all([
      clients[0].acknowledgeWith("here"),
      clients[1].neverAcknowledge(),
      clients[2].acknowledgeWith("there"),
    ]);
    const late = await t.throwsAsync(emitter.timeout(1_000).emitWithAck("ask"), {
      instanceOf: IncompleteError,
      message: "operation has timed out",
      code: "BRIDGE_TIMEOUT",
    });
    t.deepEqual([...(late?.responses ?? [])].sort(), ["here", "there"]);
    const asked = t.throwsAsync(emitter.timeout(LONG_MS).emitWithAck("ask again"), {
      instanceOf: IncompleteError,
      code: "BRIDGE_CLOSED",
    });
    await clients[2].find(["ask again"]);
    await emitter.close();
    await asked;
    await t.throwsAsync(emitter.timeout(1_000).emitWithAck("ask"), { code: "BRIDGE_CLOSED" });
  });
}
