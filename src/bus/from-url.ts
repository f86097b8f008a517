import { BridgeError } from "../errors.js";
import { redactUrl } from "../log.js";
import type { Bus, BusOptions } from "./bus.js";
import { memoryBus } from "./memory.js";
import { redisBus } from "./redis.js";
import { REDIS_SCHEMES } from "./redis-url.js";

const SCHEMES: readonly string[] = [...REDIS_SCHEMES, "memory"];

/** Buses made by hand that an adapter or emitter has: it closes its bus, and reads the channel alone. */
const TAKEN = new WeakSet<Bus>();

function takeBus(bus: Bus): Bus {
  if (typeof bus?.publish !== "function") {
    throw new BridgeError(
      "INVALID_URL",
      `${String(bus)} is neither the URL of a broker nor a bus; is the variable set?`,
    );
  }
  if (TAKEN.has(bus)) {
    throw new BridgeError("INVALID_OPTION", "this bus belongs to another adapter or emitter: make one for each");
  }
  TAKEN.add(bus);
  return bus;
}

/**
 * The bus for the first argument of `createAdapter` and `createEmitter`.
 *
 * @param channel - the first one of the options
 * @throws BridgeError `INVALID_URL`; `INVALID_OPTION` for a bus that is taken
 */
export function toBus(urlOrBus: string | Bus, channel: string, options: BusOptions): Bus {
  const { outage, heartbeatInterval } = options;
  if (typeof urlOrBus !== "string") {
    return takeBus(urlOrBus);
  }
  const scheme = /^([a-z][a-z0-9+]*):\/\//i.exec(urlOrBus)?.[1]?.toLowerCase();
  if (scheme === "memory") {
    return memoryBus(urlOrBus.slice("memory://".length) || undefined);
  }
  if (scheme !== undefined && SCHEMES.includes(scheme)) {
    return redisBus({ url: urlOrBus, channel, outage, heartbeatInterval });
  }
  const known = SCHEMES.map((name) => `${name}://`).join(", ");
  throw new BridgeError("INVALID_URL", `${redactUrl(urlOrBus)} is not the URL of a broker; known are ${known}`);
}
