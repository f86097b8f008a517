import type { TestFn } from "ava";
import type { NodeHost } from "../../../src/testing/node-host.js";
import { connectClient } from "../../helpers/clients.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

/** The options that the connection of a client gets with each packet. */
export function watchWrites({ io }: NodeHost, sid: string) {
  const writes: { volatile?: boolean; compress?: boolean }[] = [];
  const client = io.sockets.sockets.get(sid)?.client as unknown as {
    writeToEngine: (packets: unknown, options: (typeof writes)[number]) => void;
  };
  const write = client.writeToEngine.bind(client);
  client.writeToEngine = (packets, options) => {
    const { volatile, compress } = options;
    writes.push({ ...(volatile === undefined ? {} : { volatile }), ...(compress === undefined ? {} : { compress }) });
    write(packets, options);
  };
  return writes;
}

export function testEmits(test: TestFn<TestBroker>): void {
  test.serial("an emit reaches its recipients on every Node host, once", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [{ io }] = hosts;
    const [a, b, c] = clients;
    await Promise.all([a.call("join", "r"), b.call("join", "r"), b.call("join", "s"), c.call("join", "s")]);
    const chat = await connectClient(t, hosts[2].url, { namespace: "/chat" });

    io.emit("everyone", 1);
    io.to("r").emit("r");
    io.to(["r", "s"]).emit("r and s");
    io.to("r").except("s").emit("r except s");
    io.except(["s", a.sid]).emit("nobody");
    io.except("r").emit("except r");
    io.to(c.sid).emit("c");
    io.local.emit("local");
    io.of("/chat").emit("chat");
    io.sockets.sockets.get(a.sid)?.broadcast.emit("broadcast");
    io.sockets.sockets.get(a.sid)?.to("r").emit("to r");
    io.emit("the end");
    io.of("/chat").emit("the end");

    t.deepEqual(await a.until("the end"), [["everyone", 1], ["r"], ["r and s"], ["r except s"], ["local"]]);
    t.deepEqual(await b.until("the end"), [["everyone", 1], ["r"], ["r and s"], ["broadcast"], ["to r"]]);
    t.deepEqual(await c.until("the end"), [["everyone", 1], ["r and s"], ["except r"], ["c"], ["broadcast"]]);
    t.deepEqual(await chat.until("the end"), [["chat"]]);
  });

  test.serial("null and undefined arrive from another host as from this one", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [{ io }] = hosts;
    const values: readonly (readonly unknown[])[] = [
      [],
      [null],
      [undefined],
      [Number.NaN],
      [new Date(Number.NaN)],
      [null, undefined],
      [1, undefined],
      [[null]],
      [{ a: undefined, b: null }],
      ["null"],
    ];
    for (const args of values) {
      io.emit("value", ...args);
    }
    io.emit("the end");
    const own = await clients[0].until("the end");
    t.deepEqual(own, [
      ["value"],
      ["value", null],
      ["value", null],
      ["value", null],
      ["value", null],
      ["value", null, null],
      ["value", 1, null],
      ["value", [null]],
      ["value", { b: null }],
      ["value", "null"],
    ]);
    t.deepEqual(await clients[1].until("the end"), own);
  });

  test.serial("volatile and compress apply on other hosts", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const writes = watchWrites(hosts[1], clients[1].sid);
    hosts[0].io.volatile.emit("volatile");
    hosts[0].io.compress(false).emit("not compressed");
    hosts[0].io.volatile.compress(true).to(clients[1].sid).emit("both");
    hosts[0].io.emit("the end");
    await clients[1].until("the end");
    t.deepEqual(writes, [{ volatile: true }, { compress: false }, { volatile: true, compress: true }, {}]);
  });

  test.serial("an emit finds clients in the rooms that they were moved to before, on every host", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [{ io }, second] = hosts;
    await Promise.all([clients[1].call("join", "a"), clients[2].call("join", "a")]);
    for (let round = 0; round < 50; round += 1) {
      io.in("a").socketsJoin("b");
      io.to("b").emit("in", round);
      io.in("a").except("nobody").socketsLeave("b");
      io.to("b").emit("out", round);
    }
    io.emit("the end");
    const expected = Array.from({ length: 50 }, (_, round) => ["in", round]);
    t.deepEqual(await clients[1].until("the end"), expected);
    t.deepEqual(await clients[2].until("the end"), expected);
    t.deepEqual(second.io.sockets.adapter.rooms.get("b"), undefined);
  });
}
