import type { ExecutionContext, TestFn } from "ava";
import { createEmitter } from "../../../src/index.js";
import type { TestClient } from "../../../src/testing/clients.js";
import { type NodeHost, ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { encodings } from "../../helpers/encodings.js";
import { startNodeHosts } from "../../helpers/node-hosts.js";
import { type HostKind, startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

/** Rooms named by an id of 20 characters, as xid and Firestore make them: the form of a sid. */
const ROOM = "9m4e2mr0ui3e8a215n4g";
const PYTHON_ROOM = "Zx8hQ0LbV3kNw7TgYc5D";

/** Far longer than anything takes: whoever waits for it did not find out that it need not. */
const LONG_MS = 20_000;

/** For answers of Python's clients, which nobody counts. */
const COLLECT_MS = 3_000;

/**
 * Two Node hosts and a Python host. `b` on the second Node host and `p` on the Python host are in `ROOM`, `p` and `q` on
 * the Python host are in `PYTHON_ROOM`, and nobody on the first, which sends as the emitter does.
 */
async function startMixed(t: ExecutionContext<TestBroker>, kind: HostKind) {
  const channel = ownChannel();
  const [first, second] = (await startNodeHosts(t, t.context.url, 2, { channel })) as [NodeHost, NodeHost];
  const python = await startPeer(t, kind, t.context.url, channel);
  const emitter = createEmitter(t.context.url, { channel, acks: true, encoding: encodings.node });
  cleanUp(t, () => emitter.close());
  const [a, b, p, q] = (await Promise.all(
    [first, second, python, python].map(({ url }) => connectClient(t, url as string)),
  )) as [TestClient, TestClient, TestClient, TestClient];
  await Promise.all([b.call("join", ROOM), p.call("join", ROOM), p.call("join", PYTHON_ROOM)]);
  await q.call("join", PYTHON_ROOM);
  await Promise.all([b.acknowledgeWith("b"), p.acknowledgeWith("p"), q.acknowledgeWith("q")]);
  /** All that the first host and the emitter have published until then has arrived, on every host. */
  const settled = async (event: string) => {
    first.io.emit(event, "host");
    await emitter.emit(event, "emitter");
    for (const client of [a, b, p, q]) {
      await Promise.all([client.find([event, "host"]), client.find([event, "emitter"])]);
    }
  };
  const roomsOf = async ({ sid }: TestClient) => {
    const rooms = (await python.request("rooms", { sid })) as unknown[];
    return rooms.filter((room) => room !== sid).sort();
  };
  const members = (room: string) => [...(second.io.sockets.adapter.rooms.get(room) ?? [])];
  return { first, second, emitter, a, b, p, q, settled, roomsOf, members };
}

type Fleet = Awaited<ReturnType<typeof startMixed>>;

const SENDERS = {
  "a Node host": ({ first: { io } }: Fleet) => ({ target: io, ask: (ms: number) => io.timeout(ms) }),
  "a Node emitter": ({ emitter }: Fleet) => ({ target: emitter, ask: (ms: number) => emitter.timeout(ms) }),
} as const;

/** A room whose name looks like a sid, beside clients with real ones. */
export function testSidRooms(test: TestFn<TestBroker>, { hosts }: PythonKinds): void {
  for (const kind of hosts) {
    for (const [name, sender] of Object.entries(SENDERS)) {
      test.serial(
        `emitWithAck() of ${name} collects all of a room that looks like a sid, and ends with one of a client on a ${kind} Python host`,
        async (t) => {
          const fleet = await startMixed(t, kind);
          const { second, b, p, q, settled, roomsOf } = fleet;
          const { ask } = sender(fleet);
          const answers = async (ms: number, room: string, event: string) =>
            ((await ask(ms).to(room).emitWithAck(event, 1)) as unknown[]).sort();
          t.deepEqual(await answers(COLLECT_MS, ROOM, "to both kinds"), ["b", "p"]);
          t.deepEqual(await answers(COLLECT_MS, PYTHON_ROOM, "to Python's"), ["p", "q"]);
          for (const time of ["first", "again"]) {
            t.deepEqual(await answers(LONG_MS, p.sid, `to the sid ${time}`), ["p"]);
            t.deepEqual(await answers(LONG_MS, b.sid, `to the other sid ${time}`), ["b"]);
          }
          await settled("the end");
          const eventsOf = (client: TestClient) =>
            client
              .received()
              .map(([event]) => event)
              .filter((event) => event !== "the end");
          t.deepEqual(eventsOf(b), ["to both kinds", "to the other sid first", "to the other sid again"]);
          t.deepEqual(eventsOf(p), ["to both kinds", "to Python's", "to the sid first", "to the sid again"]);
          t.deepEqual(eventsOf(q), ["to Python's"]);
          t.deepEqual(await roomsOf(p), [ROOM, PYTHON_ROOM].sort());
          t.deepEqual([...second.io.sockets.adapter.rooms.keys()].sort(), [ROOM, b.sid].sort());
          t.deepEqual(second.rejections.items, []);
        },
      );

      test.serial(
        `commands of ${name} on a room that looks like a sid, and on the sid of a client on a ${kind} Python host`,
        async (t) => {
          const fleet = await startMixed(t, kind);
          const { second, b, p, q, settled, roomsOf, members } = fleet;
          const { target } = sender(fleet);
          void target.in(ROOM).socketsJoin("by room");
          void target.in([p.sid, b.sid]).socketsJoin("by sid");
          await settled("joined");
          t.deepEqual(members("by room"), [b.sid]);
          t.deepEqual(members("by sid"), [b.sid]);
          t.deepEqual(await roomsOf(p), [ROOM, PYTHON_ROOM, "by sid"].sort());

          void target.in(ROOM).socketsLeave(ROOM);
          void target.socketsLeave(PYTHON_ROOM);
          void target.in([p.sid, b.sid]).socketsLeave("by sid");
          await settled("left");
          t.deepEqual([...second.io.sockets.adapter.rooms.keys()].sort(), ["by room", b.sid].sort());
          t.deepEqual(await roomsOf(p), []);
          t.deepEqual(await roomsOf(q), []);

          // Python hosts keep a client in the room of its own sid.
          void target.in(p.sid).socketsLeave(p.sid);
          void target.socketsLeave(q.sid);
          void target.to([p.sid, q.sid]).emit("still reached");
          await settled("the end");
          for (const client of [p, q]) {
            t.true(client.received().some(([event]) => event === "still reached"));
          }

          void target.in(p.sid).disconnectSockets();
          await p.disconnected();
          t.deepEqual(second.rejections.items, []);
        },
      );
    }
  }
}
