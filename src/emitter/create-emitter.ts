import { type BusSource, openBus } from "../bus/open.js";
import { type EmitterOptions, normalizeReader } from "../options.js";
import { createEncoder } from "../protocol/encoders.js";
import { newHostId } from "../protocol/model/host-id.js";
import { sidMatcher } from "../protocol/model/sid.js";
import { logStatus } from "../reporting/log-status.js";
import { debugLog } from "../util/debug.js";
import { callApplication } from "../util/listeners.js";
import { RateLimitedLog } from "../util/rate-limited-log.js";
import type { Emitter } from "./emitter.js";
import type { EventsMap } from "./event-types.js";
import { LazyAckListener } from "./lazy-ack-listener.js";
import { NamespaceTarget } from "./namespace.js";
import { Publisher } from "./publisher.js";

const debug = debugLog("emitter");

/**
 * Makes an emitter, for a process that serves no clients. It only writes, unless it is to receive acknowledgements.
 *
 * @typeParam Events - the events that clients listen for, with their listeners; without it, anything goes
 * @param source - the broker of the fleet: a URL, a Redis client whose options are taken over, or a bus such as that of `redisBus`
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 * @example
 *     const emitter = createEmitter("redis://localhost:6379", { channel: "flask-socketio" });
 *     await emitter.of("/chat").to("room").emit("message", { text: "hello" });
 *     await emitter.close();
 */
export function createEmitter<Events extends EventsMap = EventsMap>(
  source: BusSource,
  options: EmitterOptions = {},
): Emitter<Events> {
  const normalized = normalizeReader(options);
  const { channels, toPythonRoom, dialect, encoding, maxMessageSize, logger } = normalized;
  const [channel] = channels;
  const bus = openBus(source, channel, options);
  const log = new RateLimitedLog((line) => callApplication(() => logger.warn(line)));
  let isLossLogged = false;
  bus.onStatus((status) => {
    debug("status %s", status.type);
    if (status.type === "ready" && isLossLogged) {
      callApplication(() => logger.info("[socketio-python-bridge] connected again"));
      isLossLogged = false;
    }
    isLossLogged = logStatus(log, status) || isLossLogged;
  });
  const hostId = newHostId();
  debug("writes to channel %s of %s as %s: encoding %s, dialect %s", channel, bus.name, hostId, encoding, dialect);
  const acks = options.acks === true ? new LazyAckListener(bus, hostId, normalized, log) : undefined;
  const publisher = new Publisher({ bus, channel, encode: createEncoder(normalized), maxMessageSize, log });
  const sender = { hostId, publisher, looksLikeSid: sidMatcher(dialect), toPythonRoom, acks };
  return Object.assign(new NamespaceTarget<Events>(sender, "/"), {
    of: (namespace: string) => new NamespaceTarget<Events>(sender, namespace),
    onStatus: bus.onStatus.bind(bus),
    close: () => {
      acks?.close();
      return bus.close();
    },
  });
}
