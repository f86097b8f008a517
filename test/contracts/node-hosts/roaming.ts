import { randomInt } from "node:crypto";
import type { ExecutionContext, TestFn } from "ava";
import type { NodeHost } from "../../../src/testing/node-host.js";
import { startNodeHosts } from "../../helpers/node-hosts.js";
import { type ReturningClient, returningClient } from "../../helpers/returning-client.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

const AWAY_MS = 60_000;
const STEPS = 150;

/** `xorshift32`: the same seed gives the same numbers. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

interface Walk {
  readonly hosts: readonly NodeHost[];
  readonly client: ReturningClient;
  readonly pick: (below: number) => number;
  /** By emitter. */
  readonly emitted: number[];
}

/** An emit that the client is to get, by one of several targets; and sometimes one that it is not to get. */
function emitSomething({ hosts, pick, emitted }: Walk, sid: string): void {
  const index = pick(hosts.length);
  const { io } = hosts[index] as NodeHost;
  emitted[index] = (emitted[index] ?? 0) + 1;
  const args = [index, emitted[index], "and the last one is a string"] as const;
  const target = [io, io.to("r"), io.to(sid), io.to(["r", "s"]), io.except("s")][pick(5)] as NodeHost["io"];
  target.emit("n", ...args);
  if (pick(4) === 0) {
    io.except("r").emit("n", "not for the client", 0, "");
    io.volatile.to("nowhere").emit("n", "not for the client", 0, "");
  }
}

async function walk(t: ExecutionContext<TestBroker>, seed: number, mayMove: boolean): Promise<void> {
  const recovery = { connectionStateRecovery: { maxDisconnectionDuration: AWAY_MS } };
  const hosts = await startNodeHosts(t, t.context.url, 3, {}, recovery);
  const client = returningClient(t);
  const walk: Walk = { hosts, client, pick: random(seed), emitted: [0, 0, 0] };
  const { pick } = walk;
  let at = 0;
  await client.comeTo((hosts[at] as NodeHost).url);
  const { sid } = client;
  await hosts[at]?.io.sockets.sockets.get(sid)?.join("r");
  hosts[at]?.io.to(sid).emit("begin");
  await client.until("begin");
  for (let step = 0; step < STEPS; step += 1) {
    for (let count = pick(4); count > 0; count -= 1) {
      emitSomething(walk, sid);
    }
    if (pick(3) === 0) {
      await client.leave((left) => hosts.every(({ io }) => !io.sockets.sockets.has(left)));
      for (let count = pick(4); count > 0; count -= 1) {
        emitSomething(walk, sid);
      }
      at = mayMove ? pick(hosts.length) : at;
      t.true(await client.comeTo((hosts[at] as NodeHost).url), `step ${step}: no session on host ${at}`);
    } else if (pick(2) === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const [index, { io }] of hosts.entries()) {
    io.to(sid).emit(`end ${index}`);
  }
  await Promise.all(hosts.map((_, index) => client.until(`end ${index}`)));
  for (const [index, count] of walk.emitted.entries()) {
    const numbers = client.received
      .filter(([name, from]) => name === "n" && from === index)
      .map(([, , number]) => number);
    t.deepEqual(
      numbers,
      Array.from({ length: count }, (_, number) => number + 1),
    );
  }
  t.deepEqual(
    client.received.filter(([, from]) => from === "not for the client"),
    [],
  );
}

/** A client that disconnects and resumes at random while three hosts emit gets each event once, in the order of each host. */
export function testRoaming(test: TestFn<TestBroker>, { isOrdered }: { readonly isOrdered: boolean }): void {
  const where = isOrdered ? "on any host" : "on its own host";
  test.serial(
    `a client that disconnects at random and resumes ${where} loses nothing and gets nothing twice`,
    async (t) => {
      const seed = Number(process.env.ROAMING_SEED ?? randomInt(1, 2 ** 31));
      t.log(`ROAMING_SEED=${seed}`);
      await walk(t, seed, isOrdered);
    },
  );
}
