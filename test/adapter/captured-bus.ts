import type { Bus, BusStatus } from "../../src/index.js";

/** A bus without a broker: the test calls what would be called by one. */
export function captureBus() {
  const subscribers = new Map<string, (payload: Uint8Array) => void>();
  const listeners = new Set<(status: BusStatus) => void>();
  const published: { readonly channel: string; readonly payload: Uint8Array | string }[] = [];
  const bus: Bus = {
    name: "captured",
    subscribe: async (channel, onMessage) => {
      subscribers.set(channel, onMessage);
    },
    publish: async (channel, payload) => {
      published.push({ channel, payload });
    },
    onStatus: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {},
  };
  return {
    bus,
    published,
    receive: (channel: string, payload: Uint8Array | string) =>
      subscribers.get(channel)?.(typeof payload === "string" ? Buffer.from(payload) : payload),
    report: (status: BusStatus) => {
      for (const listener of listeners) {
        listener(status);
      }
    },
  };
}

/** Throws wherever it is read, as a dependency might that is given it. */
export const throwingPayload = (message: string): Uint8Array =>
  new Proxy(new Uint8Array(1), {
    get: () => {
      throw new Error(message);
    },
  });
