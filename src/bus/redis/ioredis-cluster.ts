import { BridgeError } from "../../errors.js";
import type { RedisNode } from "./cluster.js";
import { parseRedisUrl, type RedisOptions } from "./url.js";

type StartupNode = string | number | RedisOptions;

type NatMap = Readonly<Record<string, RedisNode>> | ((address: string) => RedisNode | null);

/** A `Cluster` of ioredis 4 or later, as far as its options are taken over. */
interface IoredisCluster {
  readonly startupNodes: readonly StartupNode[];
  readonly options: {
    readonly redisOptions?: RedisOptions | undefined;
    readonly natMap?: NatMap | undefined;
    readonly useSRVRecords?: boolean | undefined;
  };
}

export interface ClusterOptions {
  readonly seeds: readonly RedisNode[];
  /** Those that all nodes have in common. */
  readonly options: RedisOptions;
  toReachable(node: RedisNode): RedisNode;
}

/** A `Cluster` of ioredis, by what only that has. */
export function isIoredisCluster(client: object): client is IoredisCluster {
  return "startupNodes" in client;
}

/**
 * What `clusterConnector` needs of a `Cluster` of ioredis. User, password and TLS are those of `redisOptions` or, as in
 * ioredis, of a startup node.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION` for what has no counterpart, `BRIDGE_INVALID_URL`
 */
export function readIoredisCluster({ startupNodes, options }: IoredisCluster): ClusterOptions {
  const { redisOptions, natMap, useSRVRecords } = options;
  if (useSRVRecords === true) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "of a Cluster of ioredis, useSRVRecords cannot be taken over: pass redis+cluster://host:port,host:port as the URL",
    );
  }
  const nodes = startupNodes.map(toOptions);
  return {
    seeds: nodes.map(({ host = "127.0.0.1", port = 6379 }) => ({ host, port: Number(port) })),
    options: { ...nodes[0], ...redisOptions },
    toReachable: (node: RedisNode) => translate(natMap, node),
  };
}

function toOptions(node: StartupNode): RedisOptions {
  if (typeof node === "object") {
    return node;
  }
  const isPort = /^\d+$/.test(String(node));
  return isPort
    ? { port: Number(node) }
    : parseRedisUrl(/:\/\//.test(String(node)) ? String(node) : `redis://${node}`, "");
}

function translate(natMap: NatMap | undefined, node: RedisNode): RedisNode {
  const address = `${node.host}:${node.port}`;
  return (typeof natMap === "function" ? natMap(address) : natMap?.[address]) ?? node;
}
