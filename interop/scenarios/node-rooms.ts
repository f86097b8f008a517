import assert from "node:assert/strict";
import type { TestClient } from "../../src/testing/clients.js";
import { type Context, nodeToPython, type Scenario } from "./scenario.js";

/** Methods that a Node host and a Node emitter share. */
type Addressing = "to" | "except";

/** A host and an emitter emit to the target, then to everyone. @returns which clients received the first emits */
async function whoReceives(
  context: Context,
  clients: readonly TestClient[],
  method: Addressing,
  targets: readonly string[],
): Promise<readonly boolean[]> {
  const { own, node, emitter, received } = context;
  node.io[method]([...targets]).emit(own("addressed"));
  node.io.emit(own("the end"));
  await emitter[method]([...targets]).emit(own("addressed, by an emitter"));
  await emitter.emit(own("the end, by an emitter"));
  const all = await Promise.all(clients.map((client) => received(client, "the end", "the end, by an emitter")));
  const both = [own("addressed"), own("addressed, by an emitter")];
  return all.map((events) => {
    const names = events.map(([name]) => name).toSorted();
    assert.deepEqual(names, names.length === 0 ? [] : both);
    return names.length > 0;
  });
}

async function connect(context: Context, count: number): Promise<readonly TestClient[]> {
  return Promise.all(Array.from({ length: count }, () => context.connectToPython()));
}

async function room(context: Context): Promise<void> {
  const clients = await connect(context, 2);
  await clients[0]?.call("join", context.own("room"));
  assert.deepEqual(await whoReceives(context, clients, "to", [context.own("room")]), [true, false]);
}

async function integerRoom(context: Context): Promise<void> {
  const number = 1_000_000 + Math.floor(Math.random() * 1_000_000);
  const clients = await connect(context, 2);
  await clients[0]?.call("join", number);
  assert.deepEqual(await whoReceives(context, clients, "to", [String(number)]), [true, false]);
}

async function severalRooms(context: Context): Promise<void> {
  const { own } = context;
  const clients = await connect(context, 4);
  const [a, b, both] = clients;
  await Promise.all([a?.call("join", own("a")), b?.call("join", own("b")), both?.call("join", own("a"))]);
  await both?.call("join", own("b"));
  assert.deepEqual(await whoReceives(context, clients, "to", [own("a"), own("b")]), [true, true, true, false]);
}

async function sid(context: Context): Promise<void> {
  const clients = await connect(context, 2);
  assert.deepEqual(await whoReceives(context, clients, "to", [String(clients[0]?.sid)]), [true, false]);
}

async function exceptSid(context: Context): Promise<void> {
  const clients = await connect(context, 2);
  assert.deepEqual(await whoReceives(context, clients, "except", [String(clients[0]?.sid)]), [false, true]);
}

async function exceptSids(context: Context): Promise<void> {
  const clients = await connect(context, 3);
  const skipped = clients.slice(0, 2).map((client) => client.sid);
  assert.deepEqual(await whoReceives(context, clients, "except", skipped), [false, false, true]);
}

async function namespace(context: Context): Promise<void> {
  const { own, node, connectToPython, received } = context;
  const [root, chat] = await Promise.all([connectToPython(), connectToPython({ namespace: "/chat" })]);
  await Promise.all([root.call("join", own("room")), chat.call("join", own("room"))]);
  node.io.of("/chat").to(own("room")).emit(own("chat"));
  node.io.to(own("room")).emit(own("root"));
  node.io.of("/chat").emit(own("the end"));
  node.io.emit(own("the end"));
  assert.deepEqual(await received(chat, "the end"), [[own("chat")]]);
  assert.deepEqual(await received(root, "the end"), [[own("root")]]);
}

async function burst({ own, node, connectToPython, received }: Context): Promise<void> {
  const client = await connectToPython();
  const numbers = [...Array(200).keys()];
  for (const number of numbers) {
    node.io.to(client.sid).emit(own("number"), number);
  }
  node.io.emit(own("the end"));
  const events = await received(client, "the end");
  assert.deepEqual(
    events.map(([, number]) => number),
    numbers,
  );
}

/** Which clients of a Python host an emit of a Node host or emitter reaches, and in which order. */
export const NODE_ROOMS: readonly Scenario[] = [
  nodeToPython("room", "an emit to a room", room),
  nodeToPython("several-rooms", "an emit to several rooms, once to a client in several", severalRooms),
  nodeToPython("integer-room", "an emit to a room that is an integer in Python", integerRoom),
  nodeToPython("sid", "an emit to one client", sid),
  nodeToPython("except-sid", "an emit to all but one client", exceptSid),
  nodeToPython("except-sids", "an emit to all but several clients", exceptSids),
  nodeToPython("namespace", "an emit to another namespace", namespace),
  nodeToPython("burst", "two hundred emits in a row, in order", burst),
];
