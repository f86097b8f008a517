import { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { debugLog } from "../../util/debug.js";
import type { Bus } from "../bus.js";
import type { BusOptions } from "../options.js";
import type { Backend } from "./backend.js";
import { BusCore } from "./bus-core.js";

/** How long `close()` waits for the broker to confirm anything, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

const debug = debugLog("bus");

/**
 * @internal A bus over a broker that is reached over a network.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION`, and what `makeBackend` throws
 */
export function networkedBus(options: BusOptions, makeBackend: (core: BusCore) => Backend): Bus {
  const core = new BusCore(options, () => backend);
  const backend = makeBackend(core);
  const closedError = () => new BridgeError("BRIDGE_CLOSED", `the ${backend.title} bus is closed`);
  let isStarted = false;
  let closed: Promise<void> | undefined;

  /** Why nothing can be published to the channel, or received from it. */
  const obstacle = (channel: string): BridgeError | undefined =>
    closed === undefined ? backend.checkChannel?.(channel) : closedError();

  function flush(channel: string): void {
    if (!isStarted) {
      // First: a listener may publish or subscribe.
      isStarted = true;
      core.status.notify({ type: "connecting" });
    }
    backend.flush(channel);
  }

  /** Waits for confirms as long as the broker sends any, or slow subscribers are waited for; not for one that is away. */
  async function drain(): Promise<void> {
    const { outbox } = core;
    let before = Number.POSITIVE_INFINITY;
    const canGoOn = () => outbox.isMoving || (!backend.isAway() && outbox.size < before);
    while (outbox.size > 0 && canGoOn()) {
      before = outbox.size;
      await drainedOrLost();
    }
  }

  async function drainedOrLost(): Promise<void> {
    let stopListening = (): void => {};
    const isLost = new Promise<void>((resolve) => {
      stopListening = core.status.add(({ type }) => {
        // A subscriber that is lost alone delays nothing.
        if (type === "reconnecting" && !core.outbox.isMoving) {
          resolve();
        }
      });
    });
    await atMost(CLOSE_GRACE_MS, Promise.race([core.outbox.drained(), isLost]));
    stopListening();
  }

  async function shutDown(): Promise<void> {
    debug("closing %s; %d messages are not confirmed", backend.name, core.outbox.size);
    core.status.muteErrors();
    // Awaits in any case: a listener that is told of dropped messages must find the bus closed, whatever it calls.
    await drain();
    core.stop(closedError());
    await backend.close();
    core.status.notify({ type: "closed" });
  }

  return {
    name: backend.name,
    subscribe(channel, onMessage) {
      const error = obstacle(channel);
      if (error !== undefined) {
        return Promise.reject(error);
      }
      const isNew = !core.subscriptions.has(channel);
      const subscribed = core.subscriptions.add(channel, onMessage);
      if (isNew) {
        flush(channel);
        backend.subscribe(channel);
      }
      return subscribed;
    },
    publish(channel, payload) {
      const error = obstacle(channel);
      if (error !== undefined) {
        return Promise.reject(error);
      }
      const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
      const published = core.outbox.add({ channel, payload: core.encode(channel, bytes) });
      flush(channel);
      core.outbox.enforceBounds();
      return published;
    },
    onStatus: (listener) => core.status.add(listener),
    countSubscribers: async (channel) => backend.countSubscribers?.(channel),
    isOrdered: (channel) => backend.isOrdered?.(channel) ?? false,
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}
