import assert from "node:assert/strict";
import type { TestClient } from "../../src/testing/clients.js";
import { type Context, nodeToPython, pythonToNode, type Scenario } from "./scenario.js";

/** The scenario's own rooms that a client of the Node host is in. */
function nodeRooms({ node, own }: Context, { sid }: TestClient): readonly string[] {
  const rooms = [...(node.io.sockets.adapter.socketRooms(sid) ?? [])];
  return rooms.filter((room) => room.startsWith(own(""))).toSorted();
}

/** The same for a client of the Python host. */
async function pythonRooms({ python, own }: Context, { sid }: TestClient): Promise<readonly string[]> {
  const rooms = (await python.request("rooms", { sid })) as readonly unknown[];
  return rooms
    .map(String)
    .filter((room) => room.startsWith(own("")))
    .toSorted();
}

/** Waits until earlier commands have been carried out: commands and emits of Python arrive in order, on one channel. */
async function settledOnNode({ python, own, received }: Context, witness: TestClient, event: string): Promise<void> {
  await python.request("emit", { event: own(event) });
  await received(witness, event);
}

async function settledOnPython({ node, emitter, own, received }: Context, witness: TestClient, event: string) {
  node.io.emit(own(event));
  await emitter.emit(own(`${event}, by an emitter`));
  await received(witness, event, `${event}, by an emitter`);
}

async function pythonEnters(context: Context): Promise<void> {
  const { python, own, connectToNode } = context;
  const [client, witness] = await Promise.all([connectToNode(), connectToNode()]);
  await python.request("enter_room", { sid: client.sid, room: own("room") });
  await settledOnNode(context, witness, "entered");
  assert.deepEqual([nodeRooms(context, client), nodeRooms(context, witness)], [[own("room")], []]);
}

async function pythonLeaves(context: Context): Promise<void> {
  const { python, own, connectToNode } = context;
  const [client, witness] = await Promise.all([connectToNode(), connectToNode()]);
  await Promise.all([client, witness].map((one) => one.call("join", own("room"))));
  await python.request("leave_room", { sid: client.sid, room: own("room") });
  await settledOnNode(context, witness, "left");
  assert.deepEqual([nodeRooms(context, client), nodeRooms(context, witness)], [[], [own("room")]]);
}

async function pythonCloses(context: Context): Promise<void> {
  const { python, own, connectToNode } = context;
  const [client, witness] = await Promise.all([connectToNode(), connectToNode()]);
  await Promise.all([client, witness].map((one) => one.call("join", own("room"))));
  await witness.call("join", own("other"));
  await python.request("close_room", { room: own("room") });
  await settledOnNode(context, witness, "closed");
  assert.deepEqual([nodeRooms(context, client), nodeRooms(context, witness)], [[], [own("other")]]);
}

async function pythonDisconnects(context: Context): Promise<void> {
  const { python, node, connectToNode } = context;
  const [client, witness] = await Promise.all([connectToNode(), connectToNode()]);
  const { sid } = client;
  await python.request("disconnect", { sid });
  await client.disconnected();
  await settledOnNode(context, witness, "disconnected");
  assert.equal(node.io.sockets.sockets.has(sid), false);
}

async function nodeEnters(context: Context): Promise<void> {
  const { node, emitter, own, connectToPython } = context;
  const [client, witness] = await Promise.all([connectToPython(), connectToPython()]);
  node.io.in(client.sid).socketsJoin([own("a"), own("b")]);
  await emitter.enterRoom(client.sid, own("c"));
  await settledOnPython(context, witness, "entered");
  assert.deepEqual(await pythonRooms(context, client), ["a", "b", "c"].map(own));
  assert.deepEqual(await pythonRooms(context, witness), []);
}

async function nodeLeaves(context: Context): Promise<void> {
  const { node, emitter, own, connectToPython } = context;
  const [client, witness] = await Promise.all([connectToPython(), connectToPython()]);
  for (const room of ["a", "b", "c"].map(own)) {
    await client.call("join", room);
  }
  await witness.call("join", own("a"));
  node.io.in(client.sid).socketsLeave(own("a"));
  await emitter.leaveRoom(client.sid, own("b"));
  await settledOnPython(context, witness, "left");
  assert.deepEqual(await pythonRooms(context, client), [own("c")]);
  assert.deepEqual(await pythonRooms(context, witness), [own("a")]);
}

async function nodeCloses(context: Context): Promise<void> {
  const { node, emitter, own, connectToPython } = context;
  const [client, witness] = await Promise.all([connectToPython(), connectToPython()]);
  for (const room of ["a", "b"].map(own)) {
    await Promise.all([client.call("join", room), witness.call("join", room)]);
  }
  await witness.call("join", own("c"));
  // When everyone in a room leaves it, that is Python's close_room.
  node.io.in(own("a")).socketsLeave(own("a"));
  await emitter.closeRoom(own("b"));
  await settledOnPython(context, witness, "closed");
  assert.deepEqual(await pythonRooms(context, client), []);
  assert.deepEqual(await pythonRooms(context, witness), [own("c")]);
}

async function nodeDisconnects(context: Context): Promise<void> {
  const { node, emitter, connectToPython } = context;
  const [first, second, witness] = await Promise.all([connectToPython(), connectToPython(), connectToPython()]);
  node.io.in(first.sid).disconnectSockets();
  await first.disconnected();
  await emitter.disconnect(second.sid);
  await second.disconnected();
  await settledOnPython(context, witness, "disconnected");
}

/** Commands on clients of the other side. */
export const COMMANDS: readonly Scenario[] = [
  pythonToNode("enter-room", "enter_room() of a client of the Node host", pythonEnters),
  pythonToNode("leave-room", "leave_room()", pythonLeaves),
  pythonToNode("close-room", "close_room()", pythonCloses),
  pythonToNode("disconnect", "disconnect()", pythonDisconnects),
  nodeToPython("enter-room", "socketsJoin() and enterRoom() of a client of the Python host", nodeEnters),
  nodeToPython("leave-room", "socketsLeave() and leaveRoom()", nodeLeaves),
  nodeToPython("close-room", "socketsLeave() of everyone in the room, and closeRoom()", nodeCloses),
  nodeToPython("disconnect", "disconnectSockets() and disconnect()", nodeDisconnects),
];
