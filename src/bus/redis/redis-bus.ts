import type { Bus } from "../bus.js";
import { networkedBus } from "../core/networked-bus.js";
import type { BusOptions } from "../options.js";
import { redisBackend } from "./backend.js";
import { type RedisClientLike, redisConnector } from "./client.js";
import { PLAIN } from "./wire-format.js";

export type { RedisClientLike };

/** Either a `url` or a `client`. */
export interface RedisBusOptions extends BusOptions {
  /**
   * As python-socketio takes it: `redis://[user:password@]host[:port][/db]`, `rediss://`, `unix://`, `redis+sentinel://`, …
   * Or `redis+cluster://`.
   */
  readonly url?: string | undefined;
  /** The name of the Sentinel service where the URL has none. @default "socketio" */
  readonly channel?: string | undefined;
  /** A client of ioredis, also a `Cluster`, or of node-redis. Its options are used; it is neither used nor closed itself. */
  readonly client?: RedisClientLike | undefined;
}

/**
 * Redis or Valkey pub/sub on a primary or a node of a cluster, one PUBLISH per message, as `RedisManager` of
 * python-socketio. One connection publishes, another subscribes; each is opened when it is first needed.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function redisBus(options: RedisBusOptions): Bus {
  return networkedBus(options, (core) => redisBackend(core, redisConnector(options), PLAIN));
}
