import assert from "node:assert/strict";
import type { TestClient } from "../../src/testing/clients.js";
import { type Context, pythonToNode, type Scenario } from "./scenario.js";

/** Two clients of the Node host, of which the first is in the room. */
async function memberAndStranger(context: Context, room: string | number) {
  const [member, stranger] = await Promise.all([context.connectToNode(), context.connectToNode()]);
  await member.call("join", room);
  return { member, stranger };
}

/** Emits to the given target, then to everyone. @returns which clients received the first emit */
async function whoReceives(
  context: Context,
  clients: readonly TestClient[],
  target: object,
): Promise<readonly boolean[]> {
  const { own, python } = context;
  await python.request("emit", { event: own("addressed"), ...target });
  await python.request("emit", { event: own("the end") });
  const all = await Promise.all(clients.map((client) => context.received(client, "the end")));
  return all.map((events) => {
    const count = events.filter(([name]) => name === own("addressed")).length;
    assert.ok(count <= 1, `an event arrived ${count} times`);
    return count === 1;
  });
}

async function room(context: Context): Promise<void> {
  const { member, stranger } = await memberAndStranger(context, context.own("room"));
  assert.deepEqual(await whoReceives(context, [member, stranger], { room: context.own("room") }), [true, false]);
}

async function integerRoom(context: Context): Promise<void> {
  const number = 1_000_000 + Math.floor(Math.random() * 1_000_000);
  const { member, stranger } = await memberAndStranger(context, number);
  assert.deepEqual(await whoReceives(context, [member, stranger], { room: number }), [true, false]);
}

async function severalRooms(context: Context): Promise<void> {
  const { own, connectToNode } = context;
  const clients = await Promise.all([connectToNode(), connectToNode(), connectToNode(), connectToNode()]);
  const [a, b, both] = clients as [TestClient, TestClient, TestClient, TestClient];
  await Promise.all([a.call("join", own("a")), b.call("join", own("b")), both.call("join", own("a"))]);
  await both.call("join", own("b"));
  assert.deepEqual(await whoReceives(context, clients, { room: [own("a"), own("b")] }), [true, true, true, false]);
}

async function sid(context: Context): Promise<void> {
  const clients = await Promise.all([context.connectToNode(), context.connectToNode()]);
  assert.deepEqual(await whoReceives(context, clients, { room: clients[0].sid }), [true, false]);
}

async function skipSid(context: Context): Promise<void> {
  const clients = await Promise.all([context.connectToNode(), context.connectToNode()]);
  assert.deepEqual(await whoReceives(context, clients, { skip_sid: clients[0].sid }), [false, true]);
}

async function skipSids(context: Context): Promise<void> {
  const { connectToNode } = context;
  const clients = await Promise.all([connectToNode(), connectToNode(), connectToNode()]);
  const skipped = clients.slice(0, 2).map((client) => client.sid);
  assert.deepEqual(await whoReceives(context, clients, { skip_sid: skipped }), [false, false, true]);
}

async function skipSidInRoom(context: Context): Promise<void> {
  const { member, stranger } = await memberAndStranger(context, context.own("room"));
  await stranger.call("join", context.own("room"));
  const target = { room: context.own("room"), skip_sid: member.sid };
  assert.deepEqual(await whoReceives(context, [member, stranger], target), [false, true]);
}

async function namespace(context: Context): Promise<void> {
  const { own, python, connectToNode, received } = context;
  const [root, chat] = await Promise.all([connectToNode(), connectToNode({ namespace: "/chat" })]);
  await Promise.all([root.call("join", own("room")), chat.call("join", own("room"))]);
  await python.request("emit", { event: own("chat"), room: own("room"), namespace: "/chat" });
  await python.request("emit", { event: own("root"), room: own("room") });
  await python.request("emit", { event: own("the end"), namespace: "/chat" });
  await python.request("emit", { event: own("the end") });
  assert.deepEqual(await received(chat, "the end"), [[own("chat")]]);
  assert.deepEqual(await received(root, "the end"), [[own("root")]]);
}

async function burst({ own, python, connectToNode, received }: Context): Promise<void> {
  const client = await connectToNode();
  const numbers = [...Array(200).keys()];
  for (const number of numbers) {
    await python.request("emit", { event: own("number"), data: number, room: client.sid });
  }
  await python.request("emit", { event: own("the end") });
  const events = await received(client, "the end");
  assert.deepEqual(
    events.map(([, number]) => number),
    numbers,
  );
}

/** Which clients of a Node host an emit of Python reaches, and in which order. */
export const PYTHON_ROOMS: readonly Scenario[] = [
  pythonToNode("room", "an emit to a room", room),
  pythonToNode("several-rooms", "an emit to a list of rooms, once to a client in several", severalRooms),
  pythonToNode("integer-room", "an emit to a room that is an integer", integerRoom),
  pythonToNode("sid", "an emit to one client", sid),
  pythonToNode("skip-sid", "an emit to all but one client", skipSid),
  pythonToNode("skip-sids", "an emit to all but a list of clients", skipSids),
  pythonToNode("skip-sid-in-room", "an emit to all of a room but one client", skipSidInRoom),
  pythonToNode("namespace", "an emit to another namespace", namespace),
  pythonToNode("burst", "two hundred emits in a row, in order", burst),
];
