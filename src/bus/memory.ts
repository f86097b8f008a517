import { BridgeError } from "../errors.js";
import { Listeners } from "../util/listeners.js";
import { alreadySubscribed, type Bus, type BusStatus, processingFailed } from "./bus.js";

/** What another bus of the same name calls. */
interface Member {
  has(channel: string): boolean;
  receive(channel: string, payload: Uint8Array): void;
}

/** All in-memory brokers of this process, by name; a name disappears with its last bus. */
const BROKERS = new Map<string, Set<Member>>();

/**
 * Joins several servers of one process, without a broker: for tests and for a single process.
 *
 * @param name - buses of the same name receive each other's messages
 */
export function memoryBus(name = "default"): Bus {
  const subscriptions = new Map<string, (payload: Uint8Array) => void>();
  const status = new Listeners<BusStatus>();
  let closed = false;

  const assertOpen = (): void => {
    if (closed) {
      throw new BridgeError("BRIDGE_CLOSED", `the in-memory bus "${name}" is closed`);
    }
  };

  const member: Member = {
    has: (channel) => subscriptions.has(channel),
    receive: (channel, payload) => {
      try {
        subscriptions.get(channel)?.(payload);
      } catch (cause) {
        status.notify({ type: "error", error: processingFailed(channel, cause) });
      }
    },
  };
  const members = BROKERS.get(name) ?? new Set();
  BROKERS.set(name, members.add(member));

  return {
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
      // A copy, as a broker would make: no subscriber sees a later change of the sender's buffer.
      const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : new Uint8Array(payload);
      // A broker never calls back into the publisher's own stack.
      await Promise.resolve();
      for (const each of members) {
        each.receive(channel, bytes);
      }
    },
    onStatus(listener) {
      return status.add(listener);
    },
    async countSubscribers(channel) {
      return [...members].filter((each) => each.has(channel)).length;
    },
    isOrdered: () => true,
    async close() {
      if (closed) {
        return;
      }
      closed = true;
      members.delete(member);
      if (members.size === 0) {
        BROKERS.delete(name);
      }
      status.notify({ type: "closed" });
    },
  };
}
