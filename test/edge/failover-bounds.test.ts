import { EventEmitter } from "node:events";
import test from "ava";
import type { Socket } from "socket.io";
import type { Client } from "../../src/edge/client.js";
import { type ClientsMessage, readMessage } from "../../src/edge/failover/messages.js";
import { Replicas } from "../../src/edge/failover/replicas.js";
import { Roster } from "../../src/edge/failover/roster.js";
import { Seal } from "../../src/edge/failover/seal.js";

const HOST = "a".repeat(32);
const LIMITS = { maxClients: 100_000, maxBytes: 2 ** 30 };

/** What an edge has of a client, as far as a roster looks at it. */
function clientOf(sid: string, { sessions = {}, header = "" }: { sessions?: unknown; header?: string } = {}) {
  const conn = Object.assign(new EventEmitter(), { transport: { name: "websocket" } });
  const request = () => ({ path: "/", headers: [["x-header", header]] });
  const socket = { id: sid, nsp: { name: "/" }, conn } as unknown as Socket;
  return {
    client: { id: `connection of ${sid}`, sessions, request } as unknown as Client & { sessions: unknown },
    socket,
  };
}

function takeAll(roster: Roster): readonly ClientsMessage[] {
  const messages: ClientsMessage[] = [];
  for (let message = roster.take(); message !== undefined; message = roster.take()) {
    messages.push(message);
  }
  return messages;
}

const sidsOf = (replicas: Replicas): readonly string[] =>
  [...(replicas.get(HOST)?.clients.values() ?? [])].flatMap(({ sockets }) => sockets.map(([, sid]) => sid)).sort();

const change = (id: number, length = 10) => ({
  id,
  transport: "polling",
  sockets: [["/", `sid ${id}`]] as const,
  sessions: "{}",
  origin: "x".repeat(length),
});

const told = (sequence: number, changed: ClientsMessage["changed"], gone: readonly number[] = []): ClientsMessage => ({
  kind: "clients",
  after: sequence - 1,
  sequence,
  changed,
  gone,
  hasMore: false,
});

test("ten thousand clients with 4 KB of headers go out in parts, and only what changed goes out again", (t) => {
  const roster = new Roster(() => t.fail());
  const replicas = new Replicas(LIMITS, () => t.fail());
  const clients = Array.from({ length: 10_000 }, (_, index) => clientOf(`sid ${index}`, { header: "h".repeat(4_000) }));
  for (const { client, socket } of clients) {
    roster.add(client, socket);
  }
  const messages = takeAll(roster);
  t.true(messages.every((message) => JSON.stringify(message).length < 100_000));
  t.true(messages.every((message) => replicas.apply(HOST, [], message)));
  t.is(sidsOf(replicas).length, 10_000);

  const [first, second] = clients as [(typeof clients)[0], (typeof clients)[0]];
  first.client.sessions = { flask: "new" };
  roster.change(first.client);
  roster.remove(second.client, second.socket);
  const again = takeAll(roster);
  t.true(JSON.stringify(again).length < 500);
  t.true(again.every((message) => replicas.apply(HOST, [], message)));
  t.is(replicas.get(HOST)?.clients.size, 9_999);
  t.true([...(replicas.get(HOST)?.clients.values() ?? [])].some(({ sessions }) => sessions === '{"flask":"new"}'));
});

test("whoever has missed something is told that, and everything where nobody knows any more what it is", (t) => {
  const roster = new Roster(() => t.fail());
  const replicas = new Replicas(LIMITS, () => t.fail());
  const apply = () => takeAll(roster).every((message) => replicas.apply(HOST, [], message));
  const clients = Array.from({ length: 30 }, (_, index) => clientOf(`sid ${index}`));
  const add = (from: number, to: number) =>
    clients.slice(from, to).map(({ client, socket }) => roster.add(client, socket));
  const remove = (from: number, to: number) =>
    clients.slice(from, to).map(({ client, socket }) => roster.remove(client, socket));
  add(0, 10);
  t.true(apply());
  const known = replicas.get(HOST)?.sequence ?? 0;
  add(10, 20);
  remove(0, 5);
  takeAll(roster);
  t.false(replicas.apply(HOST, [], roster.state()));
  roster.resync(known);
  const [message] = takeAll(roster);
  t.is(message?.changed.length, 10);
  t.true(replicas.apply(HOST, [], message as ClientsMessage));
  t.deepEqual(
    sidsOf(replicas),
    clients
      .slice(5, 20)
      .map(({ socket }) => socket.id)
      .sort(),
  );

  // More than it remembers of those who have left.
  for (let round = 0; round < 3; round += 1) {
    const many = Array.from({ length: 9_000 }, (_, index) => clientOf(`of round ${round}, ${index}`));
    for (const { client, socket } of many) {
      roster.add(client, socket);
    }
    takeAll(roster);
    for (const { client, socket } of many) {
      roster.remove(client, socket);
    }
  }
  remove(5, 10);
  takeAll(roster);
  roster.resync(replicas.get(HOST)?.sequence ?? 0);
  t.true(apply());
  t.deepEqual(
    sidsOf(replicas),
    clients
      .slice(10, 20)
      .map(({ socket }) => socket.id)
      .sort(),
  );
});

test("nobody listens for long: what has left is forgotten, and a host that is heard again starts anew", (t) => {
  const roster = new Roster(() => t.fail());
  const replicas = new Replicas(LIMITS, () => t.fail());
  const many = Array.from({ length: 10_002 }, (_, index) => clientOf(`sid ${index}`));
  for (const { client, socket } of many) {
    roster.add(client, socket);
  }
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  for (const { client, socket } of many.slice(1)) {
    roster.remove(client, socket);
  }
  t.false(replicas.apply(HOST, [], roster.state()));
  roster.resync(replicas.get(HOST)?.sequence ?? 0);
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  t.deepEqual(sidsOf(replicas), ["sid 0"]);
});

test("a client that is too large is not told, and no longer kept where it has become so", (t) => {
  const oversized: number[] = [];
  const roster = new Roster((length) => oversized.push(length));
  const replicas = new Replicas(LIMITS, () => t.fail());
  const [small, large] = [clientOf("small"), clientOf("large", { sessions: "x".repeat(70_000) })];
  roster.add(small.client, small.socket);
  roster.add(large.client, large.socket);
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  t.deepEqual(sidsOf(replicas), ["small"]);
  small.client.sessions = "x".repeat(70_000);
  roster.change(small.client);
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  t.deepEqual(sidsOf(replicas), []);
  t.is(oversized.length, 2);
});

test("the namespaces that a client has entered count: their names are its own choice", (t) => {
  const oversized: number[] = [];
  const roster = new Roster((length) => oversized.push(length));
  const dropped: number[] = [];
  const replicas = new Replicas({ maxClients: 10, maxBytes: 100_000 }, (bytes) => dropped.push(bytes));
  const [small, large] = [clientOf("small"), clientOf("large")];
  roster.add(large.client, large.socket);
  for (let number = 0; number < 5_000; number += 1) {
    roster.add(large.client, {
      ...large.socket,
      id: `sid ${number}`,
      nsp: { name: `/${number}` },
    } as unknown as Socket);
  }
  roster.add(small.client, small.socket);
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  t.deepEqual(sidsOf(replicas), ["small"]);
  t.is(oversized.length, 1);
  replicas.apply("b".repeat(32), [], told(1, [{ ...change(1), sockets: [[`/${"x".repeat(100_000)}`, "sid"]] }]));
  t.is(dropped.length, 1);
});

test("who has heard a part of a host's clients knows that there are more, until it has heard all", (t) => {
  const roster = new Roster(() => t.fail());
  const replicas = new Replicas(LIMITS, () => t.fail());
  for (let number = 0; number < 100; number += 1) {
    const { client, socket } = clientOf(`sid ${number}`, { header: "h".repeat(4_000) });
    roster.add(client, socket);
  }
  const isBehind = () => replicas.get(HOST)?.isBehind;
  const first = roster.take() as ClientsMessage;
  replicas.apply(HOST, [], first);
  t.true(isBehind());
  takeAll(roster).map((message) => replicas.apply(HOST, [], message));
  t.false(isBehind());
  // What is old says nothing new, not even who comes next.
  replicas.apply(HOST, ["b".repeat(32)], first);
  t.false(isBehind());
  t.deepEqual(replicas.get(HOST)?.successors, []);
  const late = new Replicas(LIMITS, () => t.fail());
  t.false(late.apply(HOST, [], roster.state()));
  t.true(late.get(HOST)?.isBehind);
});

test("beyond its limits an edge keeps no more clients, counts what it drops, and has room again when others leave", (t) => {
  const dropped: number[] = [];
  const replicas = new Replicas({ maxClients: 3, maxBytes: 5_000 }, (bytes) => dropped.push(bytes));
  replicas.apply(HOST, [], told(1, [change(1), change(2), change(3), change(4)]));
  replicas.apply("b".repeat(32), [], told(1, [change(1)]));
  t.is(dropped.length, 2);
  t.true(replicas.get(HOST)?.isIncomplete);
  // It is not there, so what changed of it says too little.
  replicas.apply(HOST, [], told(2, [{ ...change(4), origin: "" }], [1]));
  t.deepEqual(sidsOf(replicas), ["sid 2", "sid 3"]);
  replicas.apply(HOST, [], told(3, [change(5, 4_000)]));
  t.is(dropped.length, 3);
  replicas.apply(HOST, [], told(4, [change(6)]));
  t.deepEqual(sidsOf(replicas), ["sid 2", "sid 3", "sid 6"]);
});

test("what a host has said before it was gone is not believed again", (t) => {
  const replicas = new Replicas(LIMITS, () => t.fail());
  const first = told(1, [change(1)]);
  replicas.apply(HOST, [], first);
  const replica = replicas.get(HOST);
  t.truthy(replica);
  if (replica !== undefined) {
    replicas.markRun(replica, ["sid 1"]);
    replicas.drop(replica, true);
  }
  t.deepEqual(replicas.takeRun(HOST), ["sid 1"]);
  t.deepEqual(replicas.takeRun(HOST), []);
  replicas.apply(HOST, [], first);
  t.deepEqual(sidsOf(replicas), []);
  // It is there after all, and says that it has something.
  t.false(replicas.apply(HOST, [], { ...told(1, []), after: 1 }));
  t.true(replicas.apply(HOST, [], { ...told(2, [change(1)]), after: 0 }));
  t.deepEqual(sidsOf(replicas), ["sid 1"]);
});

for (const text of [
  "",
  "[",
  "null",
  "7",
  "{}",
  '{"kind":"constructor"}',
  '{"kind":"clients","after":0,"sequence":-1,"changed":[],"gone":[],"hasMore":false}',
  '{"kind":"clients","after":0,"sequence":1,"changed":[],"gone":[],"hasMore":0}',
  '{"kind":"clients","after":0,"sequence":1,"changed":[null],"gone":[],"hasMore":false}',
  '{"kind":"clients","after":0,"sequence":1,"changed":[{"id":1,"transport":"","sockets":[["/"]],"sessions":"","origin":""}],"gone":[],"hasMore":false}',
  '{"kind":"taken","host":"","ids":[1.5],"rest":"none"}',
  '{"kind":"taken","host":"","ids":[],"rest":"toString"}',
  '{"kind":"returned","sids":[7]}',
]) {
  test(`no message of an edge: ${text}`, (t) => {
    t.is(readMessage(text), undefined);
  });
}

test("a seal opens with the same secret and envelope alone", (t) => {
  const [seal, other] = [new Seal("secret"), new Seal("another")];
  const sealed = seal.close("text", "a b");
  t.is(new Seal("secret").open(sealed, "a b"), "text");
  t.is(seal.open(sealed, "b a"), undefined);
  t.is(other.open(sealed, "a b"), undefined);
  t.not(seal.name, other.name);
  t.notDeepEqual(seal.close("text", "a b"), sealed);
});
