import assert from "node:assert/strict";
import { type Context, type Direction, HOST_KINDS, type Scenario } from "./scenario.js";

/** Clients of Python hosts cannot be counted: an emit to a room collects until its time is over. */
const COLLECT_MS = 1_000;
/** Of one client that answers; seconds for Python. */
const LONG = { seconds: 5, milliseconds: 5_000 };

/** Each sort of client in turn, with what it acknowledges and what the one who asked is to have. */
const ANSWERS: readonly { readonly args: readonly unknown[]; readonly has: unknown }[] = [
  { args: [], has: null },
  { args: ["one"], has: "one" },
  { args: [{ a: [1, null] }, "two"], has: [{ a: [1, null] }, "two"] },
];

async function call({ own, python, nodeClients, received }: Context): Promise<void> {
  for (const client of nodeClients) {
    for (const { args, has } of ANSWERS) {
      await client.answerWith(...args);
      const request = { event: own("ask"), data: "a", to: client.sid, timeout: LONG.seconds };
      assert.deepEqual(await python.request("call", request), has);
    }
    // The answer comes over the queue, and may be here before the client's own word.
    await client.find([own("ask"), "a"]);
    await python.request("emit", { event: own("the end"), room: client.sid });
    assert.equal((await received(client, "the end")).length, ANSWERS.length);
  }
}

async function callUnanswered({ own, python, connectToNode }: Context): Promise<void> {
  const client = await connectToNode();
  await client.neverAnswer();
  const ask = (timeout: number) => python.request("call", { event: own("ask"), to: client.sid, timeout });
  await assert.rejects(ask(0.3), /TimeoutError/);
  await client.answerWith("now");
  assert.equal(await ask(LONG.seconds), "now");
}

async function callbackOfRoom({ own, python, connectToNode }: Context): Promise<void> {
  const clients = await Promise.all([connectToNode(), connectToNode()]);
  await Promise.all(clients.map((client) => client.call("join", own("room"))));
  await Promise.all(clients.map((client) => client.answerWith("mine")));
  const token = own("token");
  await python.request("emit_with_callback", { event: own("ask"), room: own("room"), token });
  const { args } = await python.program.event("callback", (line) => line.token === token);
  assert.deepEqual(args, ["mine"]);
  await Promise.all(clients.map((client) => client.find([own("ask")])));
}

async function emitWithAck({ own, node, emitter, pythonClients }: Context): Promise<void> {
  for (const client of pythonClients) {
    await client.answerWith("one");
    for (const target of [node.io.to(client.sid), emitter.to(client.sid)]) {
      assert.deepEqual(await target.timeout(LONG.milliseconds).emitWithAck(own("ask"), { q: 1 }), ["one"]);
    }
    await client.find([own("ask"), { q: 1 }]);
  }
}

async function emitWithAckUnanswered({ own, node, connectToPython }: Context): Promise<void> {
  const client = await connectToPython();
  await client.neverAnswer();
  const ask = (time: number) => node.io.timeout(time).to(client.sid).emitWithAck(own("ask"));
  await assert.rejects(ask(300), /timed out/);
  await client.answerWith("now");
  assert.deepEqual(await ask(LONG.milliseconds), ["now"]);
}

async function emitWithAckToRoom({ own, node, connectToNode, connectToPython }: Context): Promise<void> {
  const [here, there] = await Promise.all([connectToNode(), connectToPython()]);
  await Promise.all([here.call("join", own("room")), there.call("join", own("room"))]);
  await Promise.all([here.answerWith("of Node"), there.answerWith("of Python")]);
  const answers = await node.io.timeout(COLLECT_MS).to(own("room")).emitWithAck(own("ask"));
  assert.deepEqual(answers.toSorted(), ["of Node", "of Python"]);
}

const acks = (direction: Direction, name: string, title: string, run: Scenario["run"]): Scenario => ({
  name: `${direction === "python-to-node" ? "python" : "node"}-${name}`,
  title,
  direction,
  kinds: HOST_KINDS,
  run,
});

/** Acknowledgements of clients that the other side holds. */
export const ACKS: readonly Scenario[] = [
  acks("python-to-node", "call", "call() of one client, answered with nothing, one value, several", call),
  acks(
    "python-to-node",
    "call-unanswered",
    "call() of a client that does not answer ends with its timeout",
    callUnanswered,
  ),
  acks("python-to-node", "callback-of-room", "a callback for an emit to a room", callbackOfRoom),
  acks("node-to-python", "emit-with-ack", "emitWithAck() to one client, of a host and an emitter", emitWithAck),
  acks(
    "node-to-python",
    "emit-with-ack-unanswered",
    "emitWithAck() to a client that does not answer ends with its timeout",
    emitWithAckUnanswered,
  ),
  acks(
    "node-to-python",
    "emit-with-ack-to-room",
    "emitWithAck() to a room with clients on both sides",
    emitWithAckToRoom,
  ),
];
