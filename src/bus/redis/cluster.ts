import type { Redis } from "ioredis";
import type { RedisConnector } from "./connection.js";

/** The address of a node of a Redis Cluster. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/**
 * Connections to a Redis Cluster, whose nodes pass on to each other what is published on any of them: so one node at a
 * time is enough, over a plain connection, and the next one takes its place when that is lost. Not the `Cluster` of ioredis:
 * it chooses the node of its subscriber itself, and does not tell when that one is lost.
 *
 * @param seeds - tried in turn, then the nodes that the cluster itself has named
 * @param toReachable - the address at which this process reaches a node that the cluster has named
 */
export function clusterConnector(
  seeds: readonly RedisNode[],
  { open, credentials }: RedisConnector,
  toReachable = (node: RedisNode): RedisNode => node,
): RedisConnector {
  let named: readonly RedisNode[] = [];
  return {
    isCluster: true,
    credentials,
    open: (options) => {
      let [node] = seeds;
      const connection = open({ ...options, ...node });
      connection.on("ready", async () => {
        const nodes = await askNodes(connection, toReachable);
        named = nodes.length === 0 ? named : nodes;
      });
      // Before ioredis makes the next attempt, for which it reads the address from its options.
      connection.on("close", () => {
        node = nextNode(node, [...seeds, ...named]);
        Object.assign(connection.options, node);
      });
      return connection;
    },
  };
}

const addressOf = (node: RedisNode | undefined): string => `${node?.host}:${node?.port}`;

/** The one that follows it, in the order in which they were first named; the first one after the last, or if it is gone. */
function nextNode(node: RedisNode | undefined, nodes: readonly RedisNode[]): RedisNode | undefined {
  const distinct = [...new Map(nodes.map((one) => [addressOf(one), one])).values()];
  const index = distinct.findIndex((one) => addressOf(one) === addressOf(node));
  return distinct[(index + 1) % distinct.length];
}

/** @returns none where the user may not ask, the connection is lost or `toReachable` throws. Never rejects */
async function askNodes(connection: Redis, toReachable: (node: RedisNode) => RedisNode): Promise<readonly RedisNode[]> {
  try {
    return readClusterSlots(await connection.cluster("SLOTS"), String(connection.options.host)).map(toReachable);
  } catch {
    return [];
  }
}

/**
 * The nodes in a reply to CLUSTER SLOTS, which has their ports for TLS where it is asked over TLS:
 *
 *     [[first slot, last slot, [host, port, id, …] of the primary, the same of each replica…], …]
 *
 * @param here - takes the place of a host that the node does not know: its own
 */
export function readClusterSlots(reply: unknown, here: string): readonly RedisNode[] {
  const nodes = asList(reply).flatMap((range) => asList(range).slice(2).map(asList));
  const addresses = nodes.map(([host, port]) => ({
    host: host === null || host === "" ? here : String(host),
    port: Number(port),
  }));
  // "?" is a node whose address nobody knows yet.
  return addresses.filter(({ host, port }) => host !== "?" && Number.isInteger(port) && port > 0);
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
