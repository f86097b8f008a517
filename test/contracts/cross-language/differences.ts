import type { ExecutionContext, TestFn } from "ava";
import { createEmitter } from "../../../src/index.js";
import type { TestClient } from "../../../src/testing/clients.js";
import { type NodeHost, ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { startNodeHosts, untilHosts, untilStats } from "../../helpers/node-hosts.js";
import { type HostKind, startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

/** Far longer than anything takes: whoever waits for it did not find out that it need not. */
const LONG_MS = 20_000;

/** A message of Python has arrived, and where the broker counts readers, they have been counted since. */
const untilPythonIsKnown = (host: NodeHost): Promise<void> =>
  untilStats("Python to be known", host, ({ pythonHosts }) => pythonHosts);

/** Two Node hosts and a Python host, each with a client in `r`. */
async function startMixed(t: ExecutionContext<TestBroker>, kind: HostKind) {
  const channel = ownChannel();
  const [first, second] = (await startNodeHosts(t, t.context.url, 2, { channel })) as [NodeHost, NodeHost];
  const python = await startPeer(t, kind, t.context.url, channel);
  const clients = [first.url, second.url, python.url].map((url) => connectClient(t, url));
  const [a, b, p] = (await Promise.all(clients)) as [TestClient, TestClient, TestClient];
  const all = [a, b, p];
  await Promise.all(all.map((client) => client.call("join", "r")));
  await python.request("emit", { event: "first" });
  await Promise.all(all.map((client) => client.until("first")));
  await Promise.all([untilPythonIsKnown(first), untilPythonIsKnown(second)]);
  /** All that the first host has published until then has arrived, on every host. */
  const settled = async (event: string) => {
    first.io.emit(event);
    await Promise.all(all.map((client) => client.until(event)));
  };
  const pythonRooms = async () => {
    const rooms = (await python.request("rooms", { sid: p.sid })) as unknown[];
    return rooms.filter((room) => room !== p.sid).sort();
  };
  return { channel, first, second, python, a, b, p, settled, pythonRooms };
}

const namesOf = (events: readonly (readonly unknown[])[]) => events.map(([name]) => name);

/** How many log lines there are about an operation. */
const linesAbout = ({ log }: NodeHost, word: string) => log.filter((line) => line.includes(word)).length;

/** One test per row of the table in docs/differences.md. */
export function testDifferences(test: TestFn<TestBroker>, { hosts }: PythonKinds): void {
  for (const kind of hosts) {
    test.serial(
      `except(room): Node hosts honour it, a ${kind} Python host skips sids only, and each room is logged once`,
      async (t) => {
        const { first, a, b, p } = await startMixed(t, kind);
        first.io.except("r").emit("except the room");
        first.io.except("r").emit("except the room again");
        first.io.except(["r", p.sid]).emit("except the sid");
        first.io.emit("the end");
        t.deepEqual(namesOf(await a.until("the end")), ["first"]);
        t.deepEqual(namesOf(await b.until("the end")), ["first"]);
        t.deepEqual(namesOf(await p.until("the end")), ["first", "except the room", "except the room again"]);
        t.is(linesAbout(first, "except("), 1);
      },
    );

    test.serial(
      `socketsJoin() and socketsLeave() with a ${kind} Python host: a room is for Node hosts, a sid for all`,
      async (t) => {
        const { first, second, a, b, p, settled, pythonRooms } = await startMixed(t, kind);
        const members = (room: string) =>
          [first, second].flatMap(({ io }) => [...(io.sockets.adapter.rooms.get(room) ?? [])]);
        first.io.in("r").socketsJoin("s");
        await settled("joined by room");
        t.deepEqual(members("s"), [a.sid, b.sid]);
        t.deepEqual(await pythonRooms(), ["r"]);
        t.is(linesAbout(first, "socketsJoin()"), 1);

        first.io.in([b.sid, p.sid]).socketsJoin(["s", "t"]);
        await settled("joined by sid");
        t.deepEqual(members("t"), [b.sid]);
        t.deepEqual(await pythonRooms(), ["r", "s", "t"]);

        first.io.in("r").socketsLeave("t");
        await settled("left by room");
        t.deepEqual(members("t"), []);
        t.deepEqual(await pythonRooms(), ["r", "s", "t"]);
        first.io.in(p.sid).socketsLeave("t");
        await settled("left by sid");
        t.deepEqual(await pythonRooms(), ["r", "s"]);

        // All members of a room, or all clients, leave that room: that is close_room() in Python.
        first.io.in("s").socketsLeave("s");
        await settled("closed");
        t.deepEqual(members("s"), []);
        t.deepEqual(await pythonRooms(), ["r"]);
        first.io.socketsLeave("r");
        await settled("closed for everyone");
        t.deepEqual(members("r"), []);
        t.deepEqual(await pythonRooms(), []);
      },
    );

    test.serial(
      `disconnectSockets() with a ${kind} Python host: a room is for Node hosts, a sid for all`,
      async (t) => {
        const { first, a, b, p } = await startMixed(t, kind);
        first.io.in("r").disconnectSockets();
        await Promise.all([a.disconnected(), b.disconnected()]);
        first.io.emit("still here");
        await p.until("still here");
        t.is(linesAbout(first, "disconnectSockets()"), 1);
        first.io.in(p.sid).disconnectSockets();
        await p.disconnected();
      },
    );

    test.serial(`emitWithAck() to one client on a ${kind} Python host ends with its acknowledgement`, async (t) => {
      const { first, p } = await startMixed(t, kind);
      await p.acknowledgeWith("python");
      t.deepEqual(await first.io.timeout(LONG_MS).to(p.sid).emitWithAck("ask"), ["python"]);
      t.is(first.adapter.stats().pendingAcks, 0);
    });

    test.serial(
      `emitWithAck() to a room with members on a ${kind} Python host collects until its timeout`,
      async (t) => {
        const { first, a, b, p } = await startMixed(t, kind);
        await Promise.all([a.acknowledgeWith("a"), b.acknowledgeWith("b"), p.acknowledgeWith("p")]);
        t.deepEqual((await first.io.timeout(3_000).to("r").emitWithAck("ask")).sort(), ["a", "b", "p"]);
        // Clients of Node hosts are counted, so a missing acknowledgement is an error; those of Python hosts are not.
        await b.neverAcknowledge();
        const error = await t.throwsAsync(first.io.timeout(1_000).to("r").emitWithAck("ask"));
        t.deepEqual((error as Error & { responses: unknown[] }).responses.sort(), ["a", "p"]);
        await Promise.all([b.acknowledgeWith("b"), p.neverAcknowledge()]);
        t.deepEqual((await first.io.timeout(1_000).to("r").emitWithAck("ask")).sort(), ["a", "b"]);
      },
    );

    test.serial(
      `fetchSockets(), serverSideEmit() and serverCount() are about Node hosts, whatever ${kind} Python hosts there are`,
      async (t) => {
        const { first, second, a, b, python, p } = await startMixed(t, kind);
        const sockets = await first.io.in("r").fetchSockets();
        t.deepEqual(sockets.map(({ id }) => id).sort(), [a.sid, b.sid].sort());
        second.io.on("whoami" as never, ((acknowledge: (answer: string) => void) => acknowledge("second")) as never);
        t.deepEqual(await first.io.serverSideEmitWithAck("whoami"), ["second"]);
        t.is(await first.io.of("/").adapter.serverCount(), 2);
        // None of this reached Python, which still receives.
        await python.request("emit", { event: "the end" });
        t.deepEqual(namesOf(await p.until("the end")), ["first"]);
      },
    );

    test.serial(
      `each client of a room acknowledges to a ${kind} Python host, whose callback gets the first`,
      async (t) => {
        const { second, python, a, b, p } = await startMixed(t, kind);
        await Promise.all([a.acknowledgeWith("a"), b.acknowledgeWith("b"), p.neverAcknowledge()]);
        await python.request("emit_with_callback", { event: "ask", room: "r", token: "one" });
        const { args } = await python.program.event("callback", ({ token }) => token === "one");
        t.true(["a", "b"].includes((args as string[])[0] ?? ""));
        await Promise.all([a.until("ask"), b.until("ask")]);
        await a.neverAcknowledge();
        await python.request("emit_with_callback", { event: "ask again", room: "r", token: "two" });
        t.deepEqual((await python.program.event("callback", ({ token }) => token === "two")).args, ["b"]);
        t.is(python.program.lines.items.filter(({ token }) => token === "one").length, 1);
        t.deepEqual(second.adapter.stats().rejected, {});
      },
    );

    test.serial(`a Node emitter gets the acknowledgement of a client on a ${kind} Python host`, async (t) => {
      const { channel, a, b, p } = await startMixed(t, kind);
      const emitter = createEmitter(t.context.url, { channel, acks: true, heartbeatInterval: 500 });
      cleanUp(t, () => emitter.close());
      await Promise.all([a.acknowledgeWith("a"), b.acknowledgeWith("b"), p.acknowledgeWith("p")]);
      t.deepEqual(await emitter.to(p.sid).timeout(LONG_MS).emitWithAck("ask"), ["p"]);
      t.deepEqual(await emitter.to(b.sid).timeout(LONG_MS).emitWithAck("ask"), ["b"]);
      t.deepEqual((await emitter.to("r").timeout(3_000).emitWithAck("ask")).sort(), ["a", "b", "p"]);
    });

    test.serial(`what ${kind} Python hosts cannot express works between Node hosts as in Socket.IO`, async (t) => {
      const { first, b, p } = await startMixed(t, kind);
      first.io.emit("null", null);
      first.io.compress(false).emit("flags", 1);
      first.io.emit("the end");
      t.deepEqual((await b.until("the end")).slice(1), [
        ["null", null],
        ["flags", 1],
      ]);
      t.deepEqual((await p.until("the end")).slice(1), [["null"], ["flags", 1]]);
    });
  }

  test.serial('pythonHosts: "never" does not wait for Python hosts, "always" does even if none was seen', async (t) => {
    const channel = ownChannel();
    const [never] = await startNodeHosts(t, t.context.url, 1, { channel, pythonHosts: "never" });
    const python = await startPeer(t, hosts[0], t.context.url, channel);
    const p = await connectClient(t, python.url);
    await p.acknowledgeWith("p");
    await python.request("emit", { event: "first" });
    await p.until("first");
    t.deepEqual(await never?.io.timeout(LONG_MS).to("nobody").emitWithAck("ask"), []);
    const [always] = await startNodeHosts(t, t.context.url, 1, { pythonHosts: "always" });
    const begun = performance.now();
    t.deepEqual(await always?.io.timeout(500).to("nobody").emitWithAck("ask"), []);
    t.true(performance.now() - begun >= 400);
  });

  test.serial("a Python host that one Node host has seen is known to Node hosts that start later", async (t) => {
    const { channel } = await startMixed(t, hosts[0]);
    const late = await startNodeHost(t, t.context.url, { channel, heartbeatInterval: 500 });
    await untilHosts(late, 3);
    await untilPythonIsKnown(late);
    t.pass();
  });
}
