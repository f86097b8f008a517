import { BridgeError } from "../errors.js";
import { redactUrl } from "../util/redact-url.js";
import type { Bus } from "./bus.js";
import { kafkaBus } from "./kafka/kafka-bus.js";
import { KOMBU_REDIS_SCHEMES, kombuRedisBus } from "./kombu/kombu-redis-bus.js";
import { memoryBus } from "./memory.js";
import type { BusOptions } from "./options.js";
import { rabbitmqBus } from "./rabbitmq/rabbitmq-bus.js";
import { AMQP_SCHEMES } from "./rabbitmq/url.js";
import { isRedisClient, type RedisClientLike } from "./redis/client.js";
import { redisBus } from "./redis/redis-bus.js";
import { REDIS_SCHEMES } from "./redis/url.js";
import { ZMQ_SCHEMES } from "./zmq/url.js";
import { zmqBus } from "./zmq/zmq-bus.js";

export type { RedisClientLike };

/**
 * The first argument of `createAdapter` and `createEmitter`: the URL of a broker as the Python side names it, a client of
 * ioredis or node-redis whose options are taken over, or a bus made by hand.
 */
export type BusSource = string | RedisClientLike | Bus;

interface UrlOptions extends BusOptions {
  readonly url: string;
  readonly channel: string;
}

type MakeBus = (options: UrlOptions) => Bus;

/** Which bus each scheme opens, in the order in which an error lists them. No client library is loaded before a URL needs it. */
const BUSES: ReadonlyMap<string, MakeBus> = new Map([
  ...forEach(REDIS_SCHEMES, redisBus),
  ...forEach(KOMBU_REDIS_SCHEMES, kombuRedisBus),
  ...forEach(AMQP_SCHEMES, rabbitmqBus),
  ...forEach(["kafka"], kafkaBus),
  ...forEach(ZMQ_SCHEMES, zmqBus),
  ...forEach(["memory"], ({ url }) => memoryBus(url.slice("memory://".length) || undefined)),
]);

function forEach(schemes: readonly string[], makeBus: MakeBus): readonly (readonly [string, MakeBus])[] {
  return schemes.map((scheme) => [scheme, makeBus]);
}

export const knownSchemes = (): readonly string[] => [...BUSES.keys()];

/** In lower case; `undefined` if there is none. */
export function schemeOf(url: string): string | undefined {
  return /^([a-z][a-z0-9+]*):\/\//i.exec(url)?.[1]?.toLowerCase();
}

export function unknownUrl(url: string, schemes: readonly string[]): BridgeError {
  const known = schemes.map((name) => `${name}://`).join(", ");
  return new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} is not the URL of a broker; known are ${known}`);
}

/**
 * The bus for the first argument of `createAdapter` and `createEmitter`.
 *
 * @param channel - the first one of the options
 * @throws BridgeError `BRIDGE_INVALID_URL`; `BRIDGE_INVALID_OPTION` for a bus that another adapter or emitter has, or a
 *   client whose options cannot be taken over; `BRIDGE_MISSING_PACKAGE`
 */
export function openBus(source: BusSource, channel: string, options: BusOptions): Bus {
  if (isRedisClient(options)) {
    // As @socket.io/redis-adapter is called.
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "the second argument is a Redis client: pass one client, then options",
    );
  }
  const { outage, heartbeatInterval, credentials } = options;
  if (typeof source === "string") {
    const makeBus = BUSES.get(schemeOf(source) ?? "");
    if (makeBus === undefined) {
      throw unknownUrl(source, knownSchemes());
    }
    return makeBus({ url: source, channel, outage, heartbeatInterval, credentials });
  }
  if (isBus(source)) {
    return claim(source);
  }
  if (isRedisClient(source)) {
    return redisBus({ client: source, channel, outage, heartbeatInterval, credentials });
  }
  throw new BridgeError(
    "BRIDGE_INVALID_URL",
    `${redactUrl(String(source))} is neither the URL of a broker nor a Redis client nor a bus; is the variable set?`,
  );
}

function isBus(source: RedisClientLike | Bus): source is Bus {
  return typeof (source as Partial<Bus> | undefined)?.onStatus === "function";
}

/** Buses made by hand that an adapter or emitter has: it closes its bus, and reads the channel alone. */
const CLAIMED = new WeakSet<Bus>();

function claim(bus: Bus): Bus {
  if (CLAIMED.has(bus)) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "this bus belongs to another adapter or emitter: make one for each");
  }
  CLAIMED.add(bus);
  return bus;
}
