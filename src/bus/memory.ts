import { BridgeError } from "../errors.js";
import { callApplication, Listeners } from "../util/listeners.js";
import { alreadySubscribed, type Bus, type BusStatus } from "./bus.js";

type Listener = (payload: Uint8Array) => void;

/** All in-memory brokers of this process, by name; a name disappears with its last bus. */
const BROKERS = new Map<string, Map<Bus, Map<string, Listener>>>();

/**
 * Joins several servers of one process, without a broker: for tests and for a fleet of one.
 *
 * @param name - buses of the same name hear each other
 */
export function memoryBus(name = "default"): Bus {
  const subscriptions = new Map<string, Listener>();
  const status = new Listeners<BusStatus>();
  let closed = false;

  const assertOpen = (): void => {
    if (closed) {
      throw new BridgeError("BRIDGE_CLOSED", `the in-memory bus "${name}" is closed`);
    }
  };

  const bus = {
    name: "memory",
    async subscribe(channel, onMessage) {
      assertOpen();
      if (subscriptions.has(channel)) {
        throw alreadySubscribed(channel);
      }
      subscriptions.set(channel, onMessage);
      status.notify({ type: "ready" });
    },
    async publish(channel, payload) {
      assertOpen();
      // A copy, as a broker would make: no reader can see a later change of the sender's buffer.
      const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : new Uint8Array(payload);
      // A broker never calls back into the publisher's own stack.
      await Promise.resolve();
      for (const subscriber of BROKERS.get(name)?.values() ?? []) {
        const onMessage = subscriber.get(channel);
        if (onMessage !== undefined) {
          callApplication(() => onMessage(bytes));
        }
      }
    },
    onStatus(listener) {
      return status.add(listener);
    },
    async countSubscribers(channel) {
      return [...(BROKERS.get(name)?.values() ?? [])].filter((subscriber) => subscriber.has(channel)).length;
    },
    isOrdered: () => true,
    async close() {
      if (closed) {
        return;
      }
      closed = true;
      const broker = BROKERS.get(name);
      broker?.delete(bus);
      if (broker?.size === 0) {
        BROKERS.delete(name);
      }
      status.notify({ type: "closed" });
    },
  } satisfies Bus;

  const broker = BROKERS.get(name) ?? new Map<Bus, Map<string, Listener>>();
  BROKERS.set(name, broker.set(bus, subscriptions));
  return bus;
}
