import type { TestFn } from "ava";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

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
}
