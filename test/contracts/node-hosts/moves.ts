import type { TestFn } from "ava";
import { Manager, type Socket } from "socket.io-client";
import type { NodeHost } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectClient } from "../../helpers/clients.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

export function testMoves(test: TestFn<TestBroker>): void {
  test.serial(
    "socketsJoin() and socketsLeave() work for everyone, a room, several rooms, a sid, and with except",
    async (t) => {
      const { hosts, clients, settled } = await startThreeHosts(t, t.context.url);
      const [{ io }] = hosts;
      const [, b, c] = clients;
      /** The members of the room, by the letters of the clients. */
      const members = async (room: string) => {
        await settled();
        const inRoom = hosts.flatMap((host: NodeHost) => [...(host.io.sockets.adapter.rooms.get(room) ?? [])]);
        return ["a", "b", "c"].filter((_, index) => inRoom.includes(clients[index]?.sid ?? ""));
      };

      io.socketsJoin("all");
      t.deepEqual(await members("all"), ["a", "b", "c"]);
      io.in([b.sid, c.sid]).socketsJoin(["bc", "bc2"]);
      t.deepEqual(await members("bc"), ["b", "c"]);
      t.deepEqual(await members("bc2"), ["b", "c"]);
      io.in("bc").socketsJoin("also");
      t.deepEqual(await members("also"), ["b", "c"]);
      io.except("bc").socketsJoin("only a");
      t.deepEqual(await members("only a"), ["a"]);
      io.in(["only a", "bc"]).except([c.sid]).socketsJoin("ab");
      t.deepEqual(await members("ab"), ["a", "b"]);
      io.in("ab").except("bc").socketsLeave("all");
      t.deepEqual(await members("all"), ["b", "c"]);
      io.in("bc").socketsLeave(["all", "also"]);
      t.deepEqual(await members("all"), []);
      t.deepEqual(await members("also"), []);
      io.in(b.sid).socketsLeave("bc");
      t.deepEqual(await members("bc"), ["c"]);
      io.in("ab").socketsLeave("ab");
      t.deepEqual(await members("ab"), []);
      io.socketsLeave("bc2");
      t.deepEqual(await members("bc2"), []);
      io.local.socketsJoin("local");
      t.deepEqual(await members("local"), ["a"]);
      io.in([]).socketsJoin([]);
      const [remote] = await io.in(c.sid).fetchSockets();
      remote?.join("by description");
      t.deepEqual(await members("by description"), ["c"]);
      remote?.leave("by description");
      t.deepEqual(await members("by description"), []);
    },
  );

  test.serial("disconnectSockets() works for everyone, a room and a sid, and with except", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const [{ io }, second] = hosts;
    const [a, b, c] = clients;
    const chat = await Promise.all(hosts.map((host) => connectClient(t, host.url, { namespace: "/chat" })));
    await Promise.all([chat[0]?.call("join", "r"), chat[1]?.call("join", "r")]);
    io.of("/chat").in("r").disconnectSockets();
    await Promise.all([chat[0]?.disconnected(), chat[1]?.disconnected()]);
    io.of("/chat")
      .in(chat[2]?.sid ?? "")
      .disconnectSockets();
    await chat[2]?.disconnected();
    io.except([a.sid, "r"]).disconnectSockets();
    await Promise.all([b.disconnected(), c.disconnected()]);
    t.is(io.sockets.sockets.size, 1);
    second.io.disconnectSockets();
    await a.disconnected();
    t.is(io.sockets.sockets.size, 0);
  });

  for (const how of ["a room", "a sid"] as const) {
    test.serial(`disconnectSockets(true) on ${how} closes the connection of a client of another host`, async (t) => {
      const { hosts } = await startThreeHosts(t, t.context.url);
      const [{ io }, second] = hosts;
      const manager = new Manager(second.url, { transports: ["websocket"], reconnection: false });
      cleanUp(t, () => manager._close());
      const [main, chat] = ["/", "/chat"].map((name) => manager.socket(name)) as [Socket, Socket];
      await Promise.all([when(main, "connect"), when(chat, "connect")]);
      const target = () => io.of("/chat").in(how === "a room" ? "r" : (chat.id as string));

      await chat.emitWithAck("join", "r");
      const left = when(chat, "disconnect");
      target().disconnectSockets();
      await left;
      // The other namespace stays connected over the same connection.
      await main.emitWithAck("join", "r");

      chat.connect();
      await when(chat, "connect");
      await chat.emitWithAck("join", "r");
      const closed = when(main, "disconnect");
      target().disconnectSockets(true);
      await closed;
      t.false(main.connected);
    });
  }
}

const when = (socket: Socket, event: "connect" | "disconnect"): Promise<void> =>
  withTimeout(event, new Promise((resolve) => socket.once(event, () => resolve())));
