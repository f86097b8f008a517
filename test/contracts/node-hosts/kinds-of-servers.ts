import { instrument } from "@socket.io/admin-ui";
import type { ExecutionContext, TestFn } from "ava";
import { connect, type Socket } from "socket.io-client";
import * as msgpackParser from "socket.io-msgpack-parser";
import { Inbox } from "../../../src/testing/inbox.js";
import type { NodeHost } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHosts, startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

const LONG_MS = 20_000;

async function connectWithParser(t: ExecutionContext, url: string) {
  const socket = connect(url, { parser: msgpackParser, transports: ["websocket"], forceNew: true });
  cleanUp(t, () => socket.disconnect());
  const received = new Inbox<readonly unknown[]>();
  socket.onAny((...event: unknown[]) => {
    const acknowledge = event.at(-1);
    received.add(typeof acknowledge === "function" ? event.slice(0, -1) : event);
    if (typeof acknowledge === "function") {
      acknowledge({ bytes: Buffer.from([1, 2, 255]) });
    }
  });
  await withTimeout("a connection", new Promise<void>((resolve) => socket.once("connect", resolve)));
  return { socket, received };
}

/** What the admin UI receives. */
function watchAdmin(socket: Socket, event: string) {
  const inbox = new Inbox<readonly unknown[]>();
  socket.on(event, (...args: unknown[]) => inbox.add(args));
  return inbox;
}

export function testKindsOfServers(test: TestFn<TestBroker>): void {
  test.serial("servers with socket.io-msgpack-parser work together like any others", async (t) => {
    const [first, second] = (await startNodeHosts(t, t.context.url, 2, {}, { parser: msgpackParser })) as [
      NodeHost,
      NodeHost,
    ];
    const own = await connectWithParser(t, first.url);
    const other = await connectWithParser(t, second.url);
    first.io.emit("values", null, "text", { bytes: Buffer.from([0, 255]), list: [1, [2]] });
    first.io.to(other.socket.id ?? "").emit("the end", null);
    await other.received.find("the end", ([event]) => event === "the end");
    t.deepEqual(other.received.items, [
      ["values", null, "text", { bytes: Buffer.from([0, 255]), list: [1, [2]] }],
      ["the end", null],
    ]);
    t.deepEqual(await own.received.find("the values", () => true), other.received.items[0]);
    const answer = { bytes: Buffer.from([1, 2, 255]) };
    t.deepEqual(await first.io.timeout(LONG_MS).emitWithAck("ask"), [answer, answer]);
    t.is((await first.io.fetchSockets()).length, 2);
  });

  test.serial("a dynamic namespace spans all Node hosts", async (t) => {
    const { hosts } = await startThreeHosts(t, t.context.url);
    const [first, second] = hosts;
    for (const { io } of hosts) {
      io.of(/^\/room-\d+$/);
    }
    const client = await connectClient(t, second.url, { namespace: "/room-7" });
    await client.acknowledgeWith("seven");
    const namespace = first.io.of("/room-7");
    namespace.emit("hello");
    t.deepEqual(await namespace.timeout(LONG_MS).emitWithAck("ask"), ["seven"]);
    t.deepEqual(
      (await namespace.fetchSockets()).map(({ id }) => id),
      [client.sid],
    );
    namespace.socketsJoin("r");
    namespace.to("r").emit("to the room");
    namespace.emit("the end");
    t.deepEqual(await client.until("the end"), [["hello"], ["ask"], ["to the room"]]);
    t.deepEqual(await first.io.of("/room-8").fetchSockets(), []);
  });

  test.serial("@socket.io/admin-ui shows the clients and servers of all Node hosts, and moves clients", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    for (const [index, { io }] of hosts.entries()) {
      instrument(io, { auth: false, mode: "development", serverId: `server ${index}` });
    }
    const [first] = hosts;
    const late = await connectClient(t, hosts[1].url);
    const { sid } = late;
    await late.call("join", "before");
    const admin = connect(`${first.url}/admin`, { transports: ["websocket"], forceNew: true });
    cleanUp(t, () => admin.disconnect());
    const [sockets, stats, joined, disconnected] = [
      "all_sockets",
      "server_stats",
      "room_joined",
      "socket_disconnected",
    ].map((event) => watchAdmin(admin, event)) as [
      Inbox<readonly unknown[]>,
      Inbox<readonly unknown[]>,
      Inbox<readonly unknown[]>,
      Inbox<readonly unknown[]>,
    ];
    const [all] = (await sockets.find("the sockets", () => true)) as [{ id: string; nsp: string; rooms: string[] }[]];
    t.deepEqual(
      all
        .filter(({ nsp }) => nsp === "/")
        .map(({ id }) => id)
        .sort(),
      [...clients.map((client) => client.sid), sid].sort(),
    );
    t.deepEqual(new Set(all.find(({ id }) => id === sid)?.rooms), new Set([sid, "before"]));
    for (const index of hosts.keys()) {
      await stats.find(`server ${index}`, ([one]) => (one as { serverId: string }).serverId === `server ${index}`);
    }
    admin.emit("join", "/", "moved", "before");
    await joined.find("the move", ([nsp, room, id]) => nsp === "/" && room === "moved" && id === sid);
    admin.emit("emit", "/", "moved", "news", 1);
    await late.find(["news", 1]);
    admin.emit("_disconnect", "/", false, sid);
    await late.disconnected();
    await disconnected.find("its end", ([nsp, id]) => nsp === "/" && id === sid);
    t.pass();
  });
}
