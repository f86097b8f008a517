import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { freePort } from "../free-port.js";
import { launchRedis, type TestRedis } from "./redis.js";

/** Real nodes of a Redis Cluster. */
export interface TestRedisCluster {
  /** `redis+cluster://`, with all nodes. */
  readonly url: string;
  /** Primaries first. */
  readonly nodes: readonly TestRedis[];
  kill(): Promise<void>;
}

const SLOTS = 16_384;

/** How long the nodes wait for one of them before they take it for dead, in milliseconds. */
const NODE_TIMEOUT_MS = 2_000;

interface Node {
  readonly redis: TestRedis;
  readonly busPort: number;
  readonly admin: Redis;
  readonly configFile: string;
}

async function launchNode(): Promise<Node> {
  const busPort = await freePort();
  const configFile = join(tmpdir(), `redis-cluster-${busPort}.conf`);
  const redis = await launchRedis([
    ...["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-config-file", configFile],
    ...["--cluster-node-timeout", String(NODE_TIMEOUT_MS), "--enable-debug-command", "local"],
  ]);
  return { redis, busPort, configFile, admin: new Redis(redis.url) };
}

/** Resolves when it is so for every node. */
async function until(what: string, nodes: readonly Node[], isSo: (admin: Redis) => Promise<boolean>): Promise<void> {
  const become = async () => {
    while (!(await Promise.all(nodes.map(({ admin }) => isSo(admin)))).every(Boolean)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await withTimeout(what, become());
}

/** The nodes that it is connected to, itself included. */
async function linkedTo(admin: Redis): Promise<number> {
  const lines = String(await admin.cluster("NODES"))
    .trim()
    .split("\n");
  return lines.filter((line) => / connected(\s|$)/.test(line) && !/handshake|fail/.test(line)).length;
}

/** The nodes that it knows to serve slots, or to stand in for one that does. */
async function knownToServe(admin: Redis): Promise<number> {
  const ranges = (await admin.cluster("SLOTS")) as readonly (readonly unknown[])[];
  return ranges.reduce((sum, [, , ...nodes]) => sum + nodes.length, 0);
}

/** Starts primaries that share the slots among them, and replicas of the first one. */
export async function launchRedisCluster(primaries = 3, replicas = 0): Promise<TestRedisCluster> {
  const nodes = await Promise.all(Array.from({ length: primaries + replicas }, launchNode));
  const [first, ...others] = nodes as [Node, ...Node[]];
  const addressOf = ({ redis, busPort }: Node) => ["127.0.0.1", redis.port, busPort] as const;
  await Promise.all(others.map(({ admin }) => admin.call("CLUSTER", "MEET", ...addressOf(first))));
  await until("the nodes to be connected", nodes, async (admin) => (await linkedTo(admin)) === nodes.length);
  const share = SLOTS / primaries;
  const slotsOf = (index: number) => [Math.ceil(index * share), Math.ceil((index + 1) * share) - 1] as const;
  const id = String(await first.admin.cluster("MYID"));
  await Promise.all(
    nodes.map(({ admin }, index) =>
      index < primaries
        ? admin.call("CLUSTER", "ADDSLOTSRANGE", ...slotsOf(index))
        : admin.call("CLUSTER", "REPLICATE", id),
    ),
  );
  await until("the slots to be known", nodes, async (admin) => (await knownToServe(admin)) === nodes.length);
  for (const { admin } of nodes) {
    admin.disconnect();
  }
  return {
    url: `redis+cluster://${nodes.map(({ redis }) => `127.0.0.1:${redis.port}`).join(",")}`,
    nodes: nodes.map(({ redis }) => redis),
    kill: async () => {
      await Promise.all(nodes.map(({ redis }) => redis.kill()));
      for (const { configFile } of nodes) {
        rmSync(configFile, { force: true });
      }
    },
  };
}
