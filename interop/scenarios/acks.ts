import assert from "node:assert/strict";
import { type Context, HOST_KINDS, nodeToPython, pythonToNode, type Scenario } from "./scenario.js";

/** Clients of Python hosts cannot be counted, so an emit to a room collects acknowledgements until its timeout. */
const COLLECT_MS = 1_000;
/** For one client that acknowledges. */
const TIMEOUT = { seconds: 5, milliseconds: 5_000 };

/** What a client acknowledges with, and what Python's call() returns for it. */
const ACKNOWLEDGEMENTS: readonly { readonly args: readonly unknown[]; readonly returned: unknown }[] = [
  { args: [], returned: null },
  { args: ["one"], returned: "one" },
  { args: [{ a: [1, null] }, "two"], returned: [{ a: [1, null] }, "two"] },
];

const bytes = Buffer.from([0, 1, 254, 255]);

const ACKNOWLEDGEMENTS_WITH_BYTES: typeof ACKNOWLEDGEMENTS = [
  { args: [bytes], returned: bytes },
  { args: ["text", { a: [bytes] }], returned: ["text", { a: [bytes] }] },
];

async function call({ own, python, nodeClients, received }: Context): Promise<void> {
  for (const client of nodeClients) {
    for (const { args, returned } of ACKNOWLEDGEMENTS) {
      await client.acknowledgeWith(...args);
      const request = { event: own("ask"), data: "a", to: client.sid, timeout: TIMEOUT.seconds };
      assert.deepEqual(await python.request("call", request), returned);
    }
    // The result comes over the queue, and may arrive before the client's own report of the event.
    await client.find([own("ask"), "a"]);
    await python.request("emit", { event: own("the end"), room: client.sid });
    assert.equal((await received(client, "the end")).length, ACKNOWLEDGEMENTS.length);
  }
}

async function callWithBytes({ own, python, nodeClients }: Context): Promise<void> {
  for (const client of nodeClients) {
    for (const { args, returned } of ACKNOWLEDGEMENTS_WITH_BYTES) {
      await client.acknowledgeWith(...args);
      const request = { event: own("ask"), to: client.sid, timeout: TIMEOUT.seconds };
      assert.deepEqual(await python.request("call", request), returned);
    }
  }
}

async function callUnanswered({ own, python, connectToNode }: Context): Promise<void> {
  const client = await connectToNode();
  await client.neverAcknowledge();
  const ask = (timeout: number) => python.request("call", { event: own("ask"), to: client.sid, timeout });
  await assert.rejects(ask(0.3), /TimeoutError/);
  await client.acknowledgeWith("now");
  assert.equal(await ask(TIMEOUT.seconds), "now");
}

async function callbackOfRoom({ own, python, connectToNode }: Context): Promise<void> {
  const clients = await Promise.all([connectToNode(), connectToNode()]);
  await Promise.all(clients.map((client) => client.call("join", own("room"))));
  await Promise.all(clients.map((client) => client.acknowledgeWith("mine")));
  const token = own("token");
  await python.request("emit_with_callback", { event: own("ask"), room: own("room"), token });
  const { args } = await python.program.event("callback", (line) => line.token === token);
  assert.deepEqual(args, ["mine"]);
  await Promise.all(clients.map((client) => client.find([own("ask")])));
}

async function emitWithAck({ own, node, emitter, pythonClients }: Context): Promise<void> {
  for (const client of pythonClients) {
    await client.acknowledgeWith("one");
    for (const target of [node.io.to(client.sid), emitter.to(client.sid)]) {
      assert.deepEqual(await target.timeout(TIMEOUT.milliseconds).emitWithAck(own("ask"), { q: 1 }), ["one"]);
    }
    await client.find([own("ask"), { q: 1 }]);
  }
}

async function emitWithAckOfBytes({ own, node, emitter, pythonClients }: Context): Promise<void> {
  for (const client of pythonClients) {
    for (const { args } of ACKNOWLEDGEMENTS_WITH_BYTES) {
      await client.acknowledgeWith(...args);
      for (const target of [node.io.to(client.sid), emitter.to(client.sid)]) {
        const [answer] = await target.timeout(TIMEOUT.milliseconds).emitWithAck(own("ask"));
        assert.deepEqual(answer, args[0]);
      }
    }
  }
}

async function emitWithAckUnanswered({ own, node, connectToPython }: Context): Promise<void> {
  const client = await connectToPython();
  await client.neverAcknowledge();
  const ask = (time: number) => node.io.timeout(time).to(client.sid).emitWithAck(own("ask"));
  await assert.rejects(ask(300), /timed out/);
  await client.acknowledgeWith("now");
  assert.deepEqual(await ask(TIMEOUT.milliseconds), ["now"]);
}

async function emitWithAckToRoom({ own, node, connectToNode, connectToPython }: Context): Promise<void> {
  const [here, there] = await Promise.all([connectToNode(), connectToPython()]);
  await Promise.all([here.call("join", own("room")), there.call("join", own("room"))]);
  await Promise.all([here.acknowledgeWith("of Node"), there.acknowledgeWith("of Python")]);
  const answers = await node.io.timeout(COLLECT_MS).to(own("room")).emitWithAck(own("ask"));
  assert.deepEqual(answers.toSorted(), ["of Node", "of Python"]);
}

/** Acknowledgements of clients of the other side. */
export const ACKS: readonly Scenario[] = [
  pythonToNode("call", "call() of one client, acknowledged with no value, one, several", call, HOST_KINDS),
  {
    ...pythonToNode("call-with-bytes", "call() of one client, acknowledged with bytes", callWithBytes, HOST_KINDS),
    encoding: "msgpack",
  },
  pythonToNode("call-unanswered", "call() of a client that does not acknowledge times out", callUnanswered, HOST_KINDS),
  pythonToNode("callback-of-room", "a callback for an emit to a room", callbackOfRoom, HOST_KINDS),
  nodeToPython("emit-with-ack", "emitWithAck() to one client, of a host and an emitter", emitWithAck),
  {
    ...nodeToPython(
      "emit-with-ack-of-bytes",
      "emitWithAck() to one client, acknowledged with bytes",
      emitWithAckOfBytes,
    ),
    encoding: "msgpack",
  },
  nodeToPython(
    "emit-with-ack-unanswered",
    "emitWithAck() to a client that does not acknowledge times out",
    emitWithAckUnanswered,
  ),
  nodeToPython("emit-with-ack-to-room", "emitWithAck() to a room with clients on both sides", emitWithAckToRoom),
];
