import type { ExecutionContext, TestFn } from "ava";
import { createEmitter } from "../../../src/emitter/create-emitter.js";
import { IncompleteError } from "../../../src/errors.js";
import type { EmitterOptions } from "../../../src/options.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import { watchWrites } from "./emits.js";

/** Far longer than anything takes: a test that waits for it fails. */
const LONG_MS = 20_000;

export function testEmitter(test: TestFn<TestBroker>): void {
  const makeEmitter = (t: ExecutionContext<TestBroker>, options: EmitterOptions) => {
    const emitter = createEmitter(t.context.url, { acks: true, heartbeatInterval: 500, ...options });
    cleanUp(t, () => emitter.close());
    return emitter;
  };

  /** Three hosts with a client each, and an emitter that only writes. */
  const startWithEmitter = async (t: ExecutionContext<TestBroker>) => {
    const channel = ownChannel();
    const fleet = await startThreeHosts(t, t.context.url, { channel });
    return { ...fleet, emitter: makeEmitter(t, { channel, acks: false }) };
  };

  test.serial("volatile and compress of an emitter are kept", async (t) => {
    const { hosts, clients, emitter } = await startWithEmitter(t);
    const writes = watchWrites(hosts[1], clients[1].sid);
    await emitter.volatile.emit("volatile");
    await emitter.compress(false).emit("not compressed");
    await emitter.to(clients[1].sid).volatile.compress(true).emit("both");
    await emitter.emit("the end");
    await clients[1].until("the end");
    t.deepEqual(writes, [{ volatile: true }, { compress: false }, { volatile: true, compress: true }, {}]);
  });

  test.serial("socketsJoin() and socketsLeave() of an emitter take effect before its next emit", async (t) => {
    const { hosts, clients, emitter } = await startWithEmitter(t);
    const [a, b, c] = clients;
    let rounds = 0;
    /** Who is in the room, by the letters of the clients. */
    const members = async (room: string) => {
      rounds += 1;
      await emitter.emit("settled", rounds);
      await Promise.all(clients.map((client) => client.find(["settled", rounds])));
      const inRoom = hosts.flatMap(({ io }) => [...(io.sockets.adapter.rooms.get(room) ?? [])]);
      return ["a", "b", "c"].filter((_, index) => inRoom.includes(clients[index]?.sid ?? "")).join("");
    };

    await emitter.socketsJoin("all");
    t.is(await members("all"), "abc");
    await emitter.in([b.sid, c.sid]).socketsJoin(["bc", "also bc"]);
    t.is(await members("bc"), "bc");
    t.is(await members("also bc"), "bc");
    await emitter.in("bc").socketsJoin("via room");
    t.is(await members("via room"), "bc");
    await emitter.except("bc").socketsJoin("only a");
    t.is(await members("only a"), "a");
    await emitter.in(["only a", "bc"]).except(c.sid).socketsJoin("ab");
    t.is(await members("ab"), "ab");
    await emitter.in("ab").except("bc").socketsLeave("all");
    t.is(await members("all"), "bc");
    await emitter.in("bc").socketsLeave(["all", "via room"]);
    t.is(await members("all"), "");
    await emitter.in(b.sid).socketsLeave("bc");
    t.is(await members("bc"), "c");
    await emitter.in("ab").socketsLeave("ab");
    t.is(await members("ab"), "");
    await emitter.socketsLeave("also bc");
    t.is(await members("also bc"), "");
    await emitter.in(a.sid).socketsJoin(42);
    t.is(await members("42"), "a");
    await emitter.in(42).socketsLeave(42);
    t.is(await members("42"), "");
    await emitter.socketsJoin([]);

    for (let round = 0; round < 20; round += 1) {
      void emitter.in("bc").socketsJoin("moving");
      void emitter.to("moving").emit("in", round);
      void emitter.in("bc").socketsLeave("moving");
      void emitter.to("moving").emit("out", round);
    }
    await emitter.emit("the end");
    const events = (await c.until("the end")).filter(([event]) => event !== "settled");
    t.deepEqual(
      events,
      Array.from({ length: 20 }, (_, round) => ["in", round]),
    );
  });

  test.serial("disconnectSockets() of an emitter takes a namespace, a room and a sid", async (t) => {
    const { hosts, clients, emitter } = await startWithEmitter(t);
    const [a, b, c] = clients;
    const chat = await connectClient(t, hosts[1].url, { namespace: "/chat" });
    await a.call("join", "r");
    await emitter.in("r").disconnectSockets();
    await a.disconnected();
    await emitter.in(b.sid).disconnectSockets(true);
    await b.disconnected();
    await emitter.disconnectSockets();
    await c.disconnected();
    await emitter.of("/chat").emit("the end");
    t.deepEqual(await chat.until("the end"), []);
    await emitter.of("/chat").except(c.sid).disconnectSockets(true);
    await chat.disconnected();
  });

  test.serial("serverSideEmit() of an emitter reaches every Node host, once, in order", async (t) => {
    const { hosts, emitter } = await startWithEmitter(t);
    const inboxes = hosts.map(({ io }) => {
      const inbox = new Inbox<readonly unknown[]>();
      const listener = (...args: unknown[]) => inbox.add(args);
      (io as unknown as { on(event: string, listener: (...args: unknown[]) => void): void }).on("news", listener);
      return inbox;
    });
    await emitter.serverSideEmit("news", 1, { bytes: Buffer.from("b") });
    await emitter.of("/chat").serverSideEmit("news", "elsewhere");
    await emitter.of("/nowhere").serverSideEmit("news", "nowhere");
    await emitter.serverSideEmit("news", "the end");
    for (const inbox of inboxes) {
      await inbox.find("the end", ([value]) => value === "the end");
      t.deepEqual(inbox.items, [[1, { bytes: Buffer.from("b") }], ["the end"]]);
    }
    t.deepEqual(
      hosts.map(({ adapter }) => adapter.stats().nodeHosts),
      [3, 3, 3],
    );
  });

  test.serial("an emitter gets the acknowledgements of clients of all Node hosts, and is not a host", async (t) => {
    const channel = ownChannel();
    const { hosts, clients } = await startThreeHosts(t, t.context.url, { channel });
    const emitter = makeEmitter(t, { channel, pythonHosts: "never" });
    await Promise.all(clients.map((client, index) => client.acknowledgeWith(index, "more")));
    await Promise.all([clients[1].call("join", "r"), clients[2].call("join", "r")]);
    t.deepEqual((await emitter.timeout(LONG_MS).emitWithAck("ask", 1)).sort(), [0, 1, 2]);
    t.deepEqual((await emitter.to("r").timeout(LONG_MS).emitWithAck("ask")).sort(), [1, 2]);
    t.deepEqual(await emitter.except("r").timeout(LONG_MS).emitWithAck("ask"), [0]);
    t.deepEqual(
      (await emitter.timeout(1).volatile.timeout(LONG_MS).to("r").compress(true).emitWithAck("ask")).sort(),
      [1, 2],
    );
    t.deepEqual(await emitter.timeout(LONG_MS).except("r").emitWithAck("ask"), [0]);
    t.deepEqual(await emitter.to(clients[2].sid).timeout(LONG_MS).emitWithAck("ask"), [2]);
    t.deepEqual(await emitter.to("nobody").timeout(LONG_MS).emitWithAck("ask"), []);
    t.deepEqual(await emitter.of("/chat").timeout(LONG_MS).emitWithAck("ask"), []);
    t.is(await hosts[0].io.of("/").adapter.serverCount(), 3);
    t.deepEqual((await hosts[0].io.timeout(LONG_MS).emitWithAck("ask")).sort(), [0, 1, 2]);
    await clients[1].acknowledgeWith(Buffer.from([0, 255]));
    t.deepEqual(await emitter.to(clients[1].sid).timeout(LONG_MS).emitWithAck("ask"), [Buffer.from([0, 255])]);
  });

  test.serial(
    "a client that does not acknowledge causes a timeout of the emitter; close() ends what is pending",
    async (t) => {
      const channel = ownChannel();
      const { clients } = await startThreeHosts(t, t.context.url, { channel });
      const emitter = makeEmitter(t, { channel, pythonHosts: "never" });
      await Promise.all([
        clients[0].acknowledgeWith("here"),
        clients[1].neverAcknowledge(),
        clients[2].acknowledgeWith("there"),
      ]);
      const late = await t.throwsAsync(emitter.timeout(1_000).emitWithAck("ask"), {
        instanceOf: IncompleteError,
        message: "operation has timed out",
        code: "BRIDGE_TIMEOUT",
      });
      t.deepEqual([...(late?.responses ?? [])].sort(), ["here", "there"]);
      const asked = t.throwsAsync(emitter.timeout(LONG_MS).emitWithAck("ask again"), {
        instanceOf: IncompleteError,
        code: "BRIDGE_CLOSED",
      });
      await clients[2].find(["ask again"]);
      await emitter.close();
      await asked;
      await t.throwsAsync(emitter.timeout(1_000).emitWithAck("ask"), { code: "BRIDGE_CLOSED" });
    },
  );
}
