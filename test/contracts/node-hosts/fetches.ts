import type { TestFn } from "ava";
import { connectClient } from "../../helpers/clients.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

/** What a client may send where an application joins the room that it names. */
const NO_NAMES: readonly unknown[] = [
  Array.from({ length: 1_100 }).reduce((inner) => [inner], 1),
  JSON.parse('{"__proto__": 1}'),
  { constructor: { prototype: 1 } },
  9_007_199_254_740_993n,
  5,
  null,
  undefined,
  Symbol("s"),
  Buffer.from("r"),
];

/** Bytes of `data` of each client. */
const DATA_SIZE = 500_000;

/** Long enough that a host of a busy machine gives up no connection: here only the broker ends one. */
const HEARTBEAT_MS = 5_000;

export function testFetches(test: TestFn<TestBroker>): void {
  test.serial("fetchSockets() finds the clients of all Node hosts, with handshake, rooms and data", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [first, second] = hosts;
    await Promise.all(clients.map((client) => client.call("join", "r")));
    const remote = second.io.sockets.sockets.get(clients[1].sid);
    Object.assign(remote?.data ?? {}, { name: "Ada", bytes: Buffer.from([1, 2]), since: new Date(0) });
    const sockets = await first.io.fetchSockets();
    t.deepEqual(sockets.map(({ id }) => id).sort(), clients.map(({ sid }) => sid).sort());
    const found = sockets.find(({ id }) => id === clients[1].sid);
    t.deepEqual(found?.rooms, new Set([clients[1].sid, "r"]));
    t.deepEqual(found?.data, { name: "Ada", bytes: Buffer.from([1, 2]), since: "1970-01-01T00:00:00.000Z" });
    t.deepEqual(found?.handshake, JSON.parse(JSON.stringify(remote?.handshake)));
  });

  test.serial("fetchSockets() honours rooms, except and local", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [first] = hosts;
    const [a, b, c] = clients;
    await Promise.all([a.call("join", "r"), b.call("join", "r"), c.call("join", "s"), b.call("join", "s")]);
    const ids = async (sockets: Promise<readonly { readonly id: string }[]>) =>
      (await sockets).map(({ id }) => id).sort();
    const sids = (...some: (typeof clients)[number][]) => some.map(({ sid }) => sid).sort();
    t.deepEqual(await ids(first.io.in("r").fetchSockets()), sids(a, b));
    t.deepEqual(await ids(first.io.in(["r", "s"]).fetchSockets()), sids(a, b, c));
    t.deepEqual(await ids(first.io.in(["r", "s"]).except("s").fetchSockets()), sids(a));
    t.deepEqual(await ids(first.io.except(b.sid).fetchSockets()), sids(a, c));
    t.deepEqual(await ids(first.io.in(c.sid).fetchSockets()), sids(c));
    t.deepEqual(await ids(first.io.local.fetchSockets()), sids(a));
    t.deepEqual(await ids(first.io.in("nobody").fetchSockets()), []);
    t.deepEqual(await ids(first.io.of("/chat").fetchSockets()), []);
    t.deepEqual(await ids(first.io.of("/only here").fetchSockets()), []);
  });

  test.serial("rooms that are no names stay on their host, and cost no answer", async (t) => {
    const { hosts, clients, settled } = await startThreeHosts(t, t.context.url);
    const [first, second] = hosts;
    const odd = second.io.sockets.sockets.get(clients[1].sid);
    for (const room of NO_NAMES as readonly string[]) {
      await odd?.join(room);
      second.io.to(room).except(room).emit("for nobody elsewhere");
      second.io.in(room).socketsJoin(room);
    }
    await odd?.join("r");
    const found = await first.io.in("r").fetchSockets();
    t.deepEqual(
      found.map(({ id, rooms }) => [id, rooms]),
      [[clients[1].sid, new Set([clients[1].sid, "r"])]],
    );
    t.is((await first.io.fetchSockets()).length, 3);
    const sids = clients.map(({ sid }) => sid).sort();
    t.deepEqual([...(await first.io.allSockets())].sort(), sids);
    const { adapter } = first.io.sockets as unknown as { adapter: { allRooms(): Promise<Set<unknown>> } };
    t.deepEqual([...(await adapter.allRooms())].sort(), [...sids, "r"].sort());
    await settled();
    t.false((await clients[0].until("settled")).some(([event]) => event === "for nobody elsewhere"));
    t.true(hosts.every(({ rejections }) => rejections.items.length === 0));
  });

  test.serial("a long fetchSockets() costs its hosts no connection and no message of others", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url, { heartbeatInterval: HEARTBEAT_MS });
    const [first, second, third] = hosts;
    const more = await Promise.all(Array.from({ length: 30 }, () => connectClient(t, second.url)));
    for (const { sid } of more) {
      Object.assign(second.io.sockets.sockets.get(sid)?.data ?? {}, { text: "x".repeat(DATA_SIZE) });
    }
    const fetched = first.io.timeout(60_000).fetchSockets();
    for (let number = 0; number < 500; number += 1) {
      third.io.emit("meanwhile", number);
    }
    const found = await fetched;
    t.is(found.length, 33);
    third.io.emit("the end");
    const numbers = (await clients[1].until("the end")).filter(([event]) => event === "meanwhile");
    t.deepEqual(
      numbers.map(([, number]) => number),
      Array.from({ length: 500 }, (_, number) => number),
    );
    for (const { statuses } of hosts) {
      t.deepEqual(
        statuses.items.filter(({ type }) => ["reconnecting", "error", "dropped", "stale"].includes(type)),
        [],
      );
    }
  });

  test.serial("a field of a handshake that is too large for other hosts is empty there", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [first, second] = hosts;
    const handshake = second.io.sockets.sockets.get(clients[1].sid)?.handshake;
    const { auth, ...others } = JSON.parse(JSON.stringify(handshake));
    t.deepEqual(auth, {});
    const find = async () => (await first.io.fetchSockets()).find(({ id }) => id === clients[1].sid);
    // As a client may send it.
    Object.assign(handshake ?? {}, { auth: { token: "t", text: "x".repeat(60_000) } });
    t.is((await find())?.handshake.auth.token, "t");
    Object.assign(handshake ?? {}, { auth: { token: "t", text: "x".repeat(900_000) } });
    t.deepEqual((await find())?.handshake, { ...others, auth: {} });
  });
}
