import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";
import type { Bus } from "../bus.js";
import { networkedBus } from "../core/networked-bus.js";
import { splitUrl, unquote } from "../core/url.js";
import { redisBackend } from "../redis/backend.js";
import { redisConnector, redisDatabase } from "../redis/client.js";
import type { RedisBusOptions } from "../redis/redis-bus.js";
import type { RedisWireFormat } from "../redis/wire-format.js";
import { packEnvelope, unpackEnvelope } from "./envelope.js";

/**
 * Kombu's own, after `kombu+`; but Sentinel as python-socketio has it, because Kombu's `sentinel://` leaves the name of
 * the service to an option.
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
   * What precedes the channel in the name that Redis knows, where the Python hosts have Kombu's transport options
   * `global_keyprefix` and `fanout_prefix`: the one followed by the other.
   * @default the number of the database: "/0."
   */
  readonly prefix?: string | undefined;
}

/**
 * Redis as `KombuManager("redis://…")` of python-socketio uses it: each message in an envelope of Kombu's, published on
 * the fanout key of the channel, which is another in each database. Kombu's bindings, queues and lists of unacknowledged
 * messages are neither read nor written: a fanout needs none of them.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function kombuRedisBus(options: KombuRedisBusOptions): Bus {
  const source = { ...options, url: options.url === undefined ? undefined : toRedisUrl(options.url) };
  return networkedBus(options, (core) => {
    const connect = redisConnector(source);
    return redisBackend(core, connect, kombuWireFormat(options.prefix ?? `/${redisDatabase(source)}.`));
  });
}

/**
 * Kombu and redis-py each have their own way to write a socket file. redis-py ignores a path that is not a number; Kombu
 * does not, since the names of its channels depend on it.
 */
function toRedisUrl(url: string): string {
  const bare = url.replace(/^kombu\+/i, "");
  if (/^rediss?:/i.test(bare) && !/^\/{0,2}\d*$/.test(unquote(splitUrl(bare).path))) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: the database is not a number`);
  }
  return /^redis\+socket:/i.test(bare)
    ? bare.replace(/^redis\+socket/i, "unix").replace(/([?&])virtual_host=\/?/, "$1db=")
    : bare;
}

/** Means nothing to any host. */
const PROBE = Buffer.from("{}");

function kombuWireFormat(prefix: string): RedisWireFormat {
  return {
    name: "kombu+redis",
    prefix,
    encode: packEnvelope,
    decode: unpackEnvelope,
    // Kombu subscribes to a pattern, and Redis counts a pattern's subscribers only when it publishes.
    countReceivers: (publisher, channel) => publisher.publish(prefix + channel, packEnvelope(channel, PROBE)),
  };
}
