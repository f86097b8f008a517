import test, { type ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import type { Socket } from "socket.io-client";
import type { Body } from "../../src/edge/body.js";
import { createEdge } from "../../src/edge/index.js";
import { encodeSideChannel } from "../../src/protocol/side-channel/encode.js";
import { Inbox } from "../../src/testing/inbox.js";
import { type EdgeOfFleet, type Fleet, inOrderOf, startEdgeFleet } from "../helpers/edge-fleet.js";
import {
  describe,
  end,
  FAKE_SECRET,
  type FakeBackend,
  type FakeBackendOptions,
  reply,
  startFakeBackend,
} from "../helpers/fake-backend.js";

/** Edges of one application, of which one is not heard any more: who runs the `disconnect` handlers of its clients. */

const EVERYTHING = describe({ "/": { events: ["store"], any: false }, "/chat": { events: [], any: false } });

/** Workers that keep what a client says as its session. */
async function startWorkers(t: ExecutionContext, options: Partial<FakeBackendOptions> = {}) {
  const disconnects = new Inbox<Body["head"]>();
  const workers = await startFakeBackend(t, {
    description: EVERYTHING,
    onEvent: ({ args }, response) => end(response, reply({ sessions: { own: args[0] } }, ["stored"])),
    onDisconnect: ({ head }, response) => {
      disconnects.add(head);
      end(response, reply({ sessions: head.sessions }));
    },
    ...options,
  });
  const disconnected = (...sids: readonly (string | undefined)[]) =>
    Promise.all(sids.map((sid) => disconnects.find(`the end of ${sid}`, (head) => head.sid === sid)));
  return { ...workers, disconnects, disconnected };
}

/** So many edges before the same workers. */
const startEdges = <Count extends 2 | 3>(
  fleet: Fleet,
  workers: FakeBackend,
  count: Count,
  serverOptions: Partial<ServerOptions> = {},
) =>
  Promise.all(
    Array.from({ length: count }, () => fleet.startEdge(workers, serverOptions)),
  ) as Promise<unknown> as Promise<readonly [EdgeOfFleet, EdgeOfFleet, ...(Count extends 3 ? [EdgeOfFleet] : [])]>;

const sidsOf = (heads: readonly Body["head"][]): readonly unknown[] => heads.map(({ sid }) => sid).sort();
const idsOf = (sockets: readonly Socket[]): readonly unknown[] => sockets.map(({ id }) => id).sort();

test("of two edges that are left, one runs each handler of a third, with the request and session of its client", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [dying, one, other] = await startEdges(fleet, workers, 3);
  const client = await dying.connect();
  const chat = await dying.connect("/chat", client);
  const second = await dying.connect();
  const left = await dying.connect();
  const stays = await one.connect();
  const leftId = left.id;
  // Otherwise nothing is told of it at all.
  await dying.hasTold(leftId);
  left.disconnect();
  await workers.disconnected(leftId);
  t.is(await client.timeout(20_000).emitWithAck("store", { name: "Ann" }), "stored");
  await fleet.told.find("the session", ({ message }) => JSON.stringify(message).includes("Ann"));
  await fleet.told.find("who has left", ({ message }) => message.kind === "clients" && message.gone.length > 0);
  await dying.hasTold(client.id, chat.id, second.id);

  const ended = idsOf([client, chat, second]);
  const connects = workers.calls.filter(({ head }) => head.kind === "connect");
  dying.setMute(true);
  const [head] = await workers.disconnected(client.id, chat.id, second.id);
  const { id, kind, rooms, ...connected } = connects.find((call) => call.head.sid === client.id)?.head ?? {};
  t.like(head, { ...connected, sessions: { own: { name: "Ann" } }, reason: "transport close", rooms: [client.id] });
  await fleet.told.find("the end", ({ message }) => message.kind === "taken" && message.rest === "none");
  t.deepEqual([one, other].map(({ edge }) => edge.stats().takenOver).sort(), [0, 3]);
  const log = [...one.log.items, ...other.log.items].filter((line) => line.includes("has died"));
  t.is(log.length, 1);
  t.regex(String(log), /has died: `disconnect` runs here for its 2 clients/);

  // Of another one that is gone, nothing comes before what would come twice.
  one.setMute(true);
  await workers.disconnected(stays.id);
  t.deepEqual(sidsOf(workers.disconnects.items), [leftId, stays.id, ...ended].sort());
});

test("a successor that dies as well has the next one step in for the clients that it has not begun with", async (t) => {
  const hanging = new Inbox<Body["head"]>();
  const stuck = await startWorkers(t, { onDisconnect: ({ head }) => hanging.add(head) });
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [last, ...others] = await Promise.all([
    fleet.startEdge(workers),
    fleet.startEdge(stuck),
    fleet.startEdge(stuck),
  ]);
  // Of the two whose workers hang, the one that comes before the other.
  const [one, other] = others;
  const [dying, first] = inOrderOf(one, [other, last])[0] === other ? [one, other] : [other, one];
  const clients = await Promise.all(Array.from({ length: 20 }, () => dying.connect()));
  await dying.hasTold(...clients.map(({ id }) => id));
  const all = idsOf(clients);

  dying.setMute(true);
  await hanging.find("sixteen calls", (_, index) => index === 15);
  first.setMute(true);
  await workers.disconnects.find("the rest", (_, index) => index === 3);
  await fleet.told.find("the end", ({ message }) => message.kind === "taken" && message.rest === "none");
  t.deepEqual([...sidsOf(hanging.items), ...sidsOf(workers.disconnects.items)].sort(), all);
});

test("an edge that says goodbye runs the handlers itself, and nobody repeats them", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [closing, dying] = await startEdges(fleet, workers, 3);
  const [first, second] = await Promise.all([closing.connect(), dying.connect()]);
  const ids = [first.id, second.id];
  await closing.hasTold(first.id);
  await dying.hasTold(second.id);
  await closing.io.close();
  await closing.edge.close();
  await workers.disconnected(ids[0]);
  dying.setMute(true);
  await workers.disconnected(ids[1]);
  t.deepEqual(sidsOf(workers.disconnects.items), ids.sort());
});

test("a client that is gone for connection state recovery has had its handler, also where its host dies then", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [dying] = await startEdges(fleet, workers, 2, { connectionStateRecovery: {} });
  const [away, stays] = [await dying.connect(), await dying.connect()];
  const ids = [away.id, stays.id];
  await dying.hasTold(...ids);
  away.io.engine.close();
  await workers.disconnected(ids[0]);
  await fleet.told.find("who has left", ({ message }) => message.kind === "clients" && message.gone.length > 0);
  dying.setMute(true);
  await workers.disconnected(ids[1]);
  t.deepEqual(sidsOf(workers.disconnects.items), ids.sort());
});

test("clients of a host that was taken for dead connect anew when it is heard again; those that nobody knew stay", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [slow] = await startEdges(fleet, workers, 2);
  const known = await slow.connect();
  const { id } = known;
  await slow.hasTold(id);
  const reasons = new Inbox<string>();
  known.on("disconnect", (reason) => reasons.add(reason));
  slow.setMute(true);
  const unknown = await slow.connect();
  await workers.disconnected(id);
  slow.setMute(false);
  t.is(await reasons.find("the end of the connection", () => true), "transport close");
  await slow.log.find("the reason", (line) => line.includes("took it for dead: 1 of its clients"));
  t.true(unknown.connected);
  // It is told anew, and protected again.
  await slow.hasTold(unknown.id);
  const { id: unknownId } = unknown;
  slow.setMute(true);
  await workers.disconnected(unknownId);
  t.deepEqual(sidsOf(workers.disconnects.items), [id, unknownId].sort());
});

test("an edge that comes later is told of all that are there, and one that is alone tells nobody", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const dying = await fleet.startEdge(workers);
  const clients = await Promise.all(Array.from({ length: 5 }, () => dying.connect()));
  const ids = idsOf(clients);
  t.deepEqual(fleet.told.items, []);
  await fleet.startEdge(workers);
  await dying.hasTold(...clients.map(({ id }) => id));
  dying.setMute(true);
  await workers.disconnected(...clients.map(({ id }) => id));
  t.deepEqual(sidsOf(workers.disconnects.items), ids);
});

test("a lost message is noticed, and what it said is told again", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [dying, other] = await startEdges(fleet, workers, 2);
  const first = await dying.connect();
  await dying.hasTold(first.id);
  dying.setMute("group");
  const lost = await dying.connect();
  await lost.timeout(20_000).emitWithAck("store", "lost");
  dying.setMute(false);
  const next = await dying.connect();
  await fleet.told.find("a question", ({ outer, message }) => outer.from === other.hostId && message.kind === "resync");
  await dying.hasTold(next.id, lost.id);
  const ids = idsOf([first, lost, next]);
  dying.setMute(true);
  await workers.disconnected(first.id, lost.id, next.id);
  t.deepEqual(sidsOf(workers.disconnects.items), ids);
});

test("who has no secret can add nothing, repeat nothing, and end nothing; nobody reads cookies on the channel", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const [dying, other] = await startEdges(fleet, workers, 2);
  const client = await dying.connect();
  const { id } = client;
  await dying.hasTold(id);
  const { outer, payload } = fleet.told.items.find(({ message }) => JSON.stringify(message).includes(String(id))) ?? {};
  t.false(Buffer.from(payload ?? []).includes(String(id)));
  t.false(Buffer.from(payload ?? []).includes("user-agent"));

  const { from = "", to = [], group = "", payload: sealed = new Uint8Array() } = outer ?? {};
  const forge = (fields: object) =>
    fleet.spy.publish(
      "socketio.node",
      encodeSideChannel({ type: "group", from, to, group, payload: sealed, ...fields } as never, 2 ** 20),
    );
  const changed = Buffer.from(sealed);
  changed[40] = (changed[40] ?? 0) ^ 1;
  for (const forged of [new Uint8Array(), new Uint8Array(27), Buffer.from('{"kind":"clients"}'), changed]) {
    await forge({ payload: forged });
    await forge({ payload: forged, to: [] });
  }
  // What was said is said again, by its sender and by another, to this host and to nobody.
  await forge({});
  await forge({ from: other.hostId, to: [dying.hostId] });
  await forge({ to: [] });
  await forge({ group: "constructor" });
  await forge({ to: Array.from({ length: 50_000 }, () => "") });
  t.deepEqual([...dying.rejections.items, ...other.rejections.items], []);

  dying.setMute(true);
  await workers.disconnected(id);
  // A host that is gone is announced again, and what it once said with it.
  const presence = { from, isHost: true, interval: 100, pythonSeenAgo: null, groups: [group] };
  await fleet.spy.publish("socketio.node", encodeSideChannel({ type: "heartbeat", ...presence }, 2 ** 20));
  await fleet.told.find("that it is back", ({ message }) => message.kind === "returned");
  await fleet.spy.publish("socketio.node", payload ?? "");
  const late = await fleet.startEdge(workers);
  const last = await late.connect();
  const lastId = last.id;
  await late.hasTold(lastId);
  late.setMute(true);
  await workers.disconnected(lastId);
  t.deepEqual(sidsOf(workers.disconnects.items), [id, lastId].sort());
});

test("a second edge with the same adapter and secret is refused, with what to do instead", async (t) => {
  const workers = await startWorkers(t);
  const fleet = await startEdgeFleet(t);
  const { io, adapter } = await fleet.startEdge(workers);
  t.throws(() => createEdge(io, adapter, { backend: workers.url, secret: FAKE_SECRET, logger: false }), {
    code: "BRIDGE_INVALID_OPTION",
    message: /name all backends in one createEdge\(\)/,
  });
});
