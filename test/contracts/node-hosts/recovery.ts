import type { ExecutionContext, TestFn } from "ava";
import type { ServerOptions } from "socket.io";
import type { AdapterOptions } from "../../../src/index.js";
import type { NodeHost } from "../../../src/testing/node-host.js";
import { startNodeHosts, untilHosts } from "../../helpers/node-hosts.js";
import { type ReturningClient, returningClient } from "../../helpers/returning-client.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

const AWAY_MS = 60_000;

const RECOVERY: Partial<ServerOptions> = { connectionStateRecovery: { maxDisconnectionDuration: AWAY_MS } };

interface Fleet {
  readonly first: NodeHost;
  readonly second: NodeHost;
  /** In no room but its own, on the first host. */
  readonly client: ReturningClient;
  /** The client's socket on that host, if it is there. */
  socketOn(host: NodeHost): ReturnType<NodeHost["io"]["sockets"]["sockets"]["get"]>;
  leave(host: NodeHost): Promise<void>;
  /** Resolves when each host has received all that both have published. */
  settled(): Promise<void>;
}

export async function startRecovering(
  t: ExecutionContext<TestBroker>,
  options: AdapterOptions = {},
  serverOptions: Partial<ServerOptions> = {},
): Promise<Fleet> {
  const hosts = await startNodeHosts(t, t.context.url, 2, options, { ...RECOVERY, ...serverOptions });
  const [first, second] = hosts as [NodeHost, NodeHost];
  const client = returningClient(t);
  const witnesses = [returningClient(t), returningClient(t)] as const;
  await client.comeTo(first.url);
  await Promise.all([witnesses[0].comeTo(first.url), witnesses[1].comeTo(second.url)]);
  let rounds = 0;
  const settled = async () => {
    rounds += 1;
    for (const [index, { io }] of [first, second].entries()) {
      // To nobody else: the tests count what the client receives.
      io.to(witnesses.map(({ sid }) => sid)).emit(`settled ${rounds} ${index}`);
    }
    const both = [0, 1].flatMap((index) => witnesses.map((witness) => witness.until(`settled ${rounds} ${index}`)));
    await Promise.all(both);
  };
  await settled();
  const { sid } = client;
  return {
    first,
    second,
    client,
    socketOn: ({ io }) => io.sockets.sockets.get(sid),
    leave: ({ io }) => client.leave((left) => !io.sockets.sockets.has(left)),
    settled,
  };
}

/** Emits of every kind, which the client is to miss or not; it is in room `r`. */
async function emitEverything({ first, second, settled }: Fleet, sid: string): Promise<void> {
  first.io.emit("everyone", 1, { a: [null] });
  second.io.emit("everyone, of the other host", Buffer.from([1, 2]));
  second.io.to("r").emit("the room");
  first.io.to("nowhere").emit("another room");
  second.io.to(sid).emit("its sid");
  second.io.except("r").emit("except the room");
  second.io.except(sid).emit("except its sid");
  first.io.volatile.emit("volatile");
  await settled();
  first.io.to(["r", "nowhere"]).emit("both rooms");
  await settled();
}

const MISSED = [
  ["everyone", 1, { a: [null] }],
  ["everyone, of the other host", Buffer.from([1, 2])],
  ["the room"],
  ["its sid"],
  ["both rooms"],
];

/** The order of one host's emits is kept; that of two hosts that emit at once is arbitrary. */
const inOrder = (events: readonly (readonly unknown[])[]) =>
  [...events].sort(([a], [b]) => names.indexOf(a) - names.indexOf(b));
const names = MISSED.map(([name]) => name as unknown);

export function testRecovery(test: TestFn<TestBroker>, { isOrdered }: { readonly isOrdered: boolean }): void {
  test.serial(
    "a client that resumes on its host gets what it missed of every host, once, with its rooms and data",
    async (t) => {
      const fleet = await startRecovering(t);
      const { first, client } = fleet;
      const socket = fleet.socketOn(first);
      await socket?.join("r");
      Object.assign(socket?.data ?? {}, { name: "Ada" });
      first.io.emit("before");
      await client.until("before");
      const { sid } = client;
      await fleet.leave(first);
      await emitEverything(fleet, sid);
      socket?.emit("to it alone");
      t.true(await client.comeTo(first.url));
      t.is(client.sid, sid);
      first.io.to("r").emit("after");
      await client.until("after");
      t.deepEqual(inOrder(client.received.slice(1, -2)), MISSED);
      t.deepEqual(client.received.slice(-2), [["to it alone"], ["after"]]);
      const back = fleet.socketOn(first);
      t.true(back?.recovered);
      t.deepEqual(back?.rooms, new Set([sid, "r"]));
      t.deepEqual(back?.data, { name: "Ada" });
    },
  );

  if (isOrdered) {
    test.serial(
      "a client that resumes on another host gets what it missed, once, with its rooms and data",
      async (t) => {
        const fleet = await startRecovering(t);
        const { first, second, client } = fleet;
        const socket = fleet.socketOn(first);
        await socket?.join("r");
        Object.assign(socket?.data ?? {}, { name: "Ada", at: Buffer.from([1]) });
        first.io.emit("before");
        await client.until("before");
        const { sid } = client;
        await fleet.leave(first);
        await emitEverything(fleet, sid);
        socket?.emit("to it alone");
        first.io.emit("the last");
        await fleet.settled();
        t.true(await client.comeTo(second.url));
        t.is(client.sid, sid);
        first.io.to("r").emit("after");
        await client.until("after");
        t.deepEqual(inOrder(client.received.slice(1, -3)), MISSED);
        t.deepEqual(client.received.slice(-3), [["to it alone"], ["the last"], ["after"]]);
        t.deepEqual(fleet.socketOn(second)?.rooms, new Set([sid, "r"]));
        t.deepEqual(fleet.socketOn(second)?.data, { name: "Ada", at: Buffer.from([1]) });

        await fleet.leave(second);
        first.io.emit("once more");
        await fleet.settled();
        t.true(await client.comeTo(first.url));
        second.io.emit("the end");
        await client.until("the end");
        t.deepEqual(client.received.slice(-3), [["after"], ["once more"], ["the end"]]);
      },
    );

    test.serial("a host that closes exports the sessions of its clients to the others", async (t) => {
      const fleet = await startRecovering(t);
      const { first, second, client } = fleet;
      await fleet.socketOn(first)?.join("r");
      first.io.emit("before");
      await client.until("before");
      const { sid } = client;
      await fleet.settled();
      first.io.to("r").emit("goodbye");
      await client.until("goodbye");
      await first.io.close();
      await untilHosts(second, 1);
      second.io.to("r").emit("missed");
      t.true(await client.comeTo(second.url));
      t.is(client.sid, sid);
      second.io.to("r").emit("after");
      await client.until("after");
      t.deepEqual(client.received, [["before"], ["goodbye"], ["missed"], ["after"]]);
    });
  } else {
    test.serial("a client that comes to another host starts anew: the hosts have no common order", async (t) => {
      const fleet = await startRecovering(t);
      const { first, second, client } = fleet;
      first.io.emit("before");
      await client.until("before");
      await fleet.leave(first);
      first.io.emit("missed");
      await fleet.settled();
      t.false(await client.comeTo(second.url));
      first.io.emit("after");
      await client.until("after");
      t.deepEqual(client.received, [["before"], ["after"]]);
    });
  }
}
