import type { TestFn } from "ava";
import { createEmitter } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { encodings } from "../../helpers/encodings.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

export function testCommands(test: TestFn<TestBroker>, { hosts, emitters }: PythonKinds): void {
  for (const kind of emitters) {
    test.serial(`a ${kind} Python host moves and disconnects clients of a Node host`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const [client, other] = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
      const rooms = () => [...(node.io.sockets.adapter.rooms.keys() ?? [])].filter((room) => room.length < 20).sort();
      /** Commands and emits come on one channel, in order. */
      const settled = async (event: string) => {
        await python.request("emit", { event });
        await other.until(event);
      };

      await python.request("enter_room", { sid: client.sid, room: "r" });
      await python.request("enter_room", { sid: client.sid, room: 42 });
      await python.request("enter_room", { sid: other.sid, room: "r" });
      await settled("entered");
      t.deepEqual(rooms(), ["42", "r"]);
      t.deepEqual(node.io.sockets.adapter.rooms.get("r"), new Set([client.sid, other.sid]));

      await python.request("leave_room", { sid: client.sid, room: 42 });
      await settled("left");
      t.deepEqual(rooms(), ["r"]);

      await python.request("close_room", { room: "r" });
      await settled("closed");
      t.deepEqual(rooms(), []);

      const disconnect = python.request("disconnect", { sid: client.sid });
      if (kind === "write-only") {
        // python-socketio 5.18 asks its server first, and a write-only manager has none.
        await t.throwsAsync(disconnect, { message: /'NoneType' object has no attribute 'disconnect'/ });
        return;
      }
      await disconnect;
      await client.disconnected();
      await settled("disconnected");
      t.deepEqual([...node.io.sockets.sockets.keys()], [other.sid]);
      t.deepEqual(node.rejections.items, []);
    });
  }

  test.serial("enter_room and close_room on the room of one client are rejected, as by a Python host", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "write-only", t.context.url, channel);
    const [client, victim] = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
    await python.request("enter_room", { sid: client.sid, room: victim.sid });
    await python.request("close_room", { room: victim.sid });
    await python.request("emit", { event: "for the victim", room: victim.sid });
    await python.request("emit", { event: "the end" });
    t.deepEqual(await client.until("the end"), []);
    t.deepEqual(await victim.until("the end"), [["for the victim"]]);
    t.deepEqual(
      node.rejections.items.map(({ reason }) => reason),
      ["sid_room", "sid_room"],
    );
  });

  for (const kind of hosts) {
    test.serial(`a Node host and a Node emitter move and disconnect clients of a ${kind} Python host`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const emitter = createEmitter(t.context.url, { channel, encoding: encodings.node });
      cleanUp(t, () => emitter.close());
      const connect = () => connectClient(t, python.url);
      const [client, other, witness] = await Promise.all([connect(), connect(), connect()]);
      const rooms = async (sid: string) => {
        node.io.emit("barrier");
        await witness.until("barrier");
        const all = (await python.request("rooms", { sid })) as unknown[];
        return all.filter((room) => room !== sid).sort();
      };
      const names = async (event: string) => {
        node.io.emit(event);
        await witness.until(event);
      };

      node.io.in(client.sid).socketsJoin(["r", "s"]);
      await emitter.enterRoom(other.sid, "r");
      await emitter.enterRoom(other.sid, 42);
      t.deepEqual(await rooms(client.sid), ["r", "s"]);
      t.deepEqual(await rooms(other.sid), [42, "r"]);

      node.io.in(client.sid).socketsLeave("s");
      await emitter.leaveRoom(other.sid, 42);
      await names("left");
      t.deepEqual(await rooms(client.sid), ["r"]);
      t.deepEqual(await rooms(other.sid), ["r"]);

      // Everyone in a room leaves it: that is Python's close_room.
      node.io.in("r").socketsLeave("r");
      await names("closed");
      t.deepEqual(await python.request("participants", { room: "r" }), []);

      node.io.in(client.sid).socketsJoin("t");
      await names("joined");
      await emitter.closeRoom("t");
      await names("closed again");
      t.deepEqual(await python.request("participants", { room: "t" }), []);

      node.io.in(client.sid).disconnectSockets();
      await client.disconnected();
      await emitter.disconnect(other.sid);
      await other.disconnected();
    });
  }
}
