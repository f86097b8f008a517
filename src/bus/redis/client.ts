import type { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { optionalPackage } from "../../util/optional-package.js";
import { type AskCredentials, credentialsAsker } from "../core/credentials.js";
import type { CredentialsProvider } from "../options.js";
import { clusterConnector } from "./cluster.js";
import type { RedisConnector } from "./connection.js";
import { isIoredisCluster, readIoredisCluster } from "./ioredis-cluster.js";
import { credentialsProviderOf, isNodeRedisClient, type NodeRedisOptions, toIoredisOptions } from "./node-redis.js";
import { clusterSeeds, parseRedisUrl, type RedisOptions } from "./url.js";

/**
 * A client of ioredis (`new Redis()` or `new Cluster()`) or of node-redis (`createClient()` of the package `redis`, 4 or
 * later), whose options are taken over. The client itself is neither used nor closed: two connections of our own are opened from its
 * options.
 */
export interface RedisClientLike {
  readonly options?: object | undefined;
  duplicate(...overrides: never[]): unknown;
}

/** @internal How to reach Redis, and with which options: one of the two. */
export interface RedisSource {
  readonly url?: string | undefined;
  /** The name of the Sentinel service where the URL has none. @default "socketio" */
  readonly channel?: string | undefined;
  readonly client?: RedisClientLike | undefined;
  readonly credentials?: CredentialsProvider | undefined;
}

/** Clients whose options cannot be taken over: a member that only such a client has, its name, and what to pass instead. */
const UNUSABLE = [
  ["slots", "a cluster of node-redis", "redis+cluster://host:port,host:port as the URL"],
  ["getSentinelNode", "a Sentinel client of node-redis", "redis+sentinel://host:port/db/service as the URL"],
  ["idleClients", "a pool of node-redis", "a client made by createClient(), or a URL"],
  ["connection_options", "a client of node-redis 3 or older", "a URL, or a client of a later version"],
] as const;

/** @internal Whether this can only be meant as a client, usable or not. */
export function isRedisClient(value: unknown): value is RedisClientLike {
  return (
    typeof value === "object" &&
    value !== null &&
    (("duplicate" in value && typeof value.duplicate === "function") || UNUSABLE.some(([member]) => member in value))
  );
}

/**
 * @internal
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function redisConnector({ url, client, channel = "socketio", credentials }: RedisSource): RedisConnector {
  const ask = credentialsAsker(credentials);
  if (url !== undefined && client === undefined) {
    const connector = connectorOf(parseRedisUrl(url, channel), ask);
    const seeds = clusterSeeds(url);
    return seeds === undefined ? connector : clusterConnector(seeds, connector);
  }
  if (url === undefined && client !== undefined) {
    if (isIoredisCluster(client)) {
      const { seeds, options, toReachable } = readIoredisCluster(client);
      return clusterConnector(seeds, connectorOf(options, ask), toReachable);
    }
    assertUsable(client);
    if (isNodeRedisClient(client)) {
      const { options } = client;
      return connectorOf(toIoredisOptions(options), ask ?? credentialsAsker(credentialsProviderOf(options)));
    }
    // Not instanceof: an application may have its own copy of ioredis.
    return { open: (options) => client.duplicate(options as never) as Redis, isCluster: false, credentials: ask };
  }
  throw new BridgeError("BRIDGE_INVALID_OPTION", "a Redis bus takes either a url or a client");
}

/** @internal The number of the database. */
export function redisDatabase({ url, client, channel = "socketio" }: RedisSource): number {
  const options: RedisOptions & NodeRedisOptions =
    url === undefined ? (client?.options ?? {}) : parseRedisUrl(url, channel);
  return options.db ?? options.database ?? 0;
}

function connectorOf(options: RedisOptions, credentials: AskCredentials | undefined): RedisConnector {
  const { Redis: Client } = optionalPackage<typeof import("ioredis")>("ioredis", "redis://");
  return { open: (ours) => new Client({ ...options, ...ours }), isCluster: false, credentials };
}

function assertUsable(client: RedisClientLike): void {
  const unusable = UNUSABLE.find(([member]) => member in client);
  if (unusable !== undefined) {
    const [, what, instead] = unusable;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${what} cannot be taken over: pass ${instead}`);
  }
  // The core of node-redis 4, `@redis/client`, has no options where it was given none.
  const hasOptions = isNodeRedisClient(client) || (typeof client.options === "object" && client.options !== null);
  if (typeof client.duplicate !== "function" || !hasOptions) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "the client is neither a Redis of ioredis nor a client of node-redis: pass a URL",
    );
  }
}
