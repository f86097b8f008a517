import { BridgeError } from "../errors.js";
import { redactUrl } from "../util/redact-url.js";
import type { Bus } from "./bus.js";
import { kafkaBus } from "./kafka/kafka-bus.js";
import { KOMBU_REDIS_SCHEMES, kombuRedisBus } from "./kombu/kombu-redis-bus.js";
import { memoryBus } from "./memory.js";
import type { BusOptions } from "./options.js";
import { rabbitmqBus } from "./rabbitmq/rabbitmq-bus.js";
import { AMQP_SCHEMES } from "./rabbitmq/url.js";
import { redisBus } from "./redis/redis-bus.js";
import { REDIS_SCHEMES } from "./redis/url.js";

interface UrlOptions extends BusOptions {
  readonly url: string;
  readonly channel: string;
}

type MakeBus = (options: UrlOptions) => Bus;

/** What each scheme stands for, in the order in which an error names them. */
const BUSES: ReadonlyMap<string, MakeBus> = new Map([
  ...forEach(REDIS_SCHEMES, redisBus),
  ...forEach(KOMBU_REDIS_SCHEMES, kombuRedisBus),
  ...forEach(AMQP_SCHEMES, rabbitmqBus),
  ...forEach(["kafka"], kafkaBus),
  ...forEach(["memory"], ({ url }) => memoryBus(url.slice("memory://".length) || undefined)),
]);

function forEach(schemes: readonly string[], make: MakeBus): readonly (readonly [string, MakeBus])[] {
  return schemes.map((scheme) => [scheme, make]);
}

/** Buses made by hand that an adapter or emitter has: it closes its bus, and reads the channel alone. */
const TAKEN = new WeakSet<Bus>();

function takeBus(bus: Bus): Bus {
  if (typeof bus?.publish !== "function") {
    throw new BridgeError(
      "BRIDGE_INVALID_URL",
      `${String(bus)} is neither the URL of a broker nor a bus; is the variable set?`,
    );
  }
  if (TAKEN.has(bus)) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "this bus belongs to another adapter or emitter: make one for each");
  }
  TAKEN.add(bus);
  return bus;
}

export const knownSchemes = (): readonly string[] => [...BUSES.keys()];

/** In small letters; `undefined` where there is none. */
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
 * @throws BridgeError `BRIDGE_INVALID_URL`; `BRIDGE_INVALID_OPTION` for a bus that is taken
 */
export function openBus(urlOrBus: string | Bus, channel: string, options: BusOptions): Bus {
  if (typeof urlOrBus !== "string") {
    return takeBus(urlOrBus);
  }
  const makeBus = BUSES.get(schemeOf(urlOrBus) ?? "");
  if (makeBus === undefined) {
    throw unknownUrl(urlOrBus, knownSchemes());
  }
  const { outage, heartbeatInterval } = options;
  return makeBus({ url: urlOrBus, channel, outage, heartbeatInterval });
}
