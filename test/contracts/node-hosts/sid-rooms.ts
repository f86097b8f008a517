import type { TestFn } from "ava";
import { createEmitter } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

/** An id of 20 characters, as Firestore makes them: the form of a sid. */
const ROOM = "Zx8hQ0LbV3kNw7TgYc5D";

/** Far longer than anything takes: a test that waits for it fails. */
const LONG_MS = 20_000;

/** A room whose name looks like a sid, on hosts other than the one that sends. */
export function testSidRooms(test: TestFn<TestBroker>): void {
  for (const name of ["a host", "an emitter"] as const) {
    test.serial(`commands of ${name} reach the members of a room whose name looks like a sid`, async (t) => {
      const channel = ownChannel();
      const { hosts, clients, settled } = await startThreeHosts(t, t.context.url, { channel });
      const [a, b, c] = clients;
      const emitter = createEmitter(t.context.url, { channel });
      cleanUp(t, () => emitter.close());
      const target = name === "a host" ? hosts[0].io : emitter;
      let rounds = 0;
      /** Who is in the room, by the letters of the clients. */
      const members = async (room: string) => {
        rounds += 1;
        await emitter.emit("round", rounds);
        await Promise.all(clients.map((client) => client.find(["round", rounds])));
        await settled();
        const inRoom = hosts.flatMap(({ io }) => [...(io.sockets.adapter.rooms.get(room) ?? [])]);
        return ["a", "b", "c"].filter((_, index) => inRoom.includes(clients[index]?.sid ?? "")).join("");
      };
      await Promise.all([b.call("join", ROOM), c.call("join", ROOM)]);

      void target.in(ROOM).socketsJoin("s");
      t.is(await members("s"), "bc");
      void target.in([a.sid, b.sid, c.sid]).except(ROOM).socketsJoin("not in the room");
      t.is(await members("not in the room"), "a");
      void target.in(ROOM).except(c.sid).socketsLeave("s");
      t.is(await members("s"), "c");
      // The sid of one client, and a room that another one is in.
      hosts[2].io.sockets.sockets.get(c.sid)?.join(b.sid);
      void target.in(b.sid).socketsJoin("both");
      t.is(await members("both"), "bc");
      void target.in(ROOM).socketsLeave(ROOM);
      t.is(await members(ROOM), "");
      void target.in(b.sid).socketsJoin(ROOM);
      void target.socketsLeave(ROOM);
      t.is(await members(ROOM), "");
      void target.in(c.sid).socketsJoin(ROOM);
      void target.in(ROOM).disconnectSockets();
      await c.disconnected();
      t.deepEqual(
        hosts.flatMap(({ rejections }) => rejections.items),
        [],
      );
    });

    test.serial(`emitWithAck() of ${name} counts a room whose name looks like a sid`, async (t) => {
      const channel = ownChannel();
      const { hosts, clients } = await startThreeHosts(t, t.context.url, { channel, pythonHosts: "never" });
      const [, b, c] = clients;
      const emitter = createEmitter(t.context.url, { channel, acks: true, pythonHosts: "never" });
      cleanUp(t, () => emitter.close());
      const ask = name === "a host" ? hosts[0].io.timeout(LONG_MS) : emitter.timeout(LONG_MS);
      await Promise.all([b.call("join", ROOM), c.call("join", ROOM)]);
      await Promise.all([b.acknowledgeWith("b"), c.acknowledgeWith("c")]);
      t.deepEqual(((await ask.to(ROOM).emitWithAck("ask")) as unknown[]).sort(), ["b", "c"]);
      t.deepEqual(await ask.to(b.sid).emitWithAck("ask"), ["b"]);
    });
  }
}
