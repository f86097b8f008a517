import type { Bus } from "../bus.js";
import { RedisBus, type RedisBusOptions } from "../redis/redis-bus.js";
import { parseRedisUrl } from "../redis/url.js";
import type { RedisWire } from "../redis/wire-format.js";
import { packEnvelope, unpackEnvelope } from "./envelope.js";

/**
 * Kombu's, with ours before them; but Sentinel as python-socketio has it, for Kombu's `sentinel://` leaves the name of the
 * service to an option.
 */
export const KOMBU_REDIS_SCHEMES = [
  "kombu+redis",
  "kombu+rediss",
  "kombu+redis+socket",
  "kombu+redis+sentinel",
] as const;

/** `url` may be written with `kombu+` or, as Kombu takes it, without. */
export interface KombuRedisBusOptions extends RedisBusOptions {
  /**
   * What stands before the channel in the name that Redis knows, where the Python hosts have Kombu's transport options
   * `global_keyprefix` and `fanout_prefix`: the one followed by the other.
   * @default the number of the database: "/0."
   */
  readonly prefix?: string | undefined;
}

/** The URL for whoever connects. Of a socket file, Kombu and redis-py each have their own way to write it. */
function toRedisUrl(url: string): string {
  const bare = url.replace(/^kombu\+/i, "");
  return /^redis\+socket:/i.test(bare)
    ? bare.replace(/^redis\+socket/i, "unix").replace(/([?&])virtual_host=\/?/, "$1db=")
    : bare;
}

/**
 * Redis as `KombuManager("redis://…")` of python-socketio uses it: each message in an envelope of Kombu's, published on
 * the fanout key of the channel, which is another in each database. Kombu's bindings, queues and lists of messages that
 * are not acknowledged are neither read nor written: a fanout needs none of them.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`
 */
export function kombuRedisBus(options: KombuRedisBusOptions): Bus {
  const url = options.url === undefined ? undefined : toRedisUrl(options.url);
  const prefix = options.prefix ?? `/${database({ ...options, url })}.`;
  return new RedisBus({ ...options, url }, kombuWire(prefix));
}

function database({ url, client, channel = "" }: RedisBusOptions): number {
  return (url === undefined ? client?.options?.db : parseRedisUrl(url, channel).db) ?? 0;
}

/** Means nothing to any host. */
const PROBE = Buffer.from("{}");

function kombuWire(prefix: string): RedisWire {
  return {
    name: "kombu+redis",
    prefix,
    pack: packEnvelope,
    unpack: unpackEnvelope,
    // Kombu subscribes to a pattern, and Redis counts a pattern's subscribers only when it publishes.
    countReceivers: (publisher, channel) => publisher.publish(prefix + channel, packEnvelope(channel, PROBE)),
  };
}
