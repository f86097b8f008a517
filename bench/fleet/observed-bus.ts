import type { Bus } from "../../src/bus/bus.js";
import type { Fates } from "./fates.js";

/** Where a message of a sender is lost. */
export interface Swallowed {
  readonly sender: string;
  readonly number: number;
}

/** A bus that also tells what becomes of what `io.emit()` publishes, which itself says nothing. */
export interface ObservedBus extends Bus {
  /** Calls `emit`; the message that it publishes meanwhile has that number. */
  publishing(number: number, emit: () => unknown): void;
}

/** The beginning of a numbered message in JSON, as Node and Python write it. */
const NUMBERED = /"numbered".*?"data": ?\[ ?"([\w-]+)", ?(\d+)/;
const HEAD_BYTES = 400;

/**
 * @param channel - of the fleet
 * @param swallow - never reaches the subscriber of the bus
 */
export function observedBus(bus: Bus, channel: string, fates: Fates, swallow?: Swallowed): ObservedBus {
  let current: { readonly number: number; isPublished: boolean } | undefined;
  const isSwallowed = (payload: Uint8Array): boolean => {
    const [, sender, number] = NUMBERED.exec(Buffer.from(payload).toString("latin1", 0, HEAD_BYTES)) ?? [];
    return sender === swallow?.sender && Number(number) === swallow?.number;
  };
  return {
    ...bus,
    subscribe: (name, onMessage) =>
      swallow === undefined || name !== channel
        ? bus.subscribe(name, onMessage)
        : bus.subscribe(name, (payload) => isSwallowed(payload) || onMessage(payload)),
    publish: (name, payload) => {
      const published = bus.publish(name, payload);
      if (current !== undefined && name === channel) {
        const { number } = current;
        current.isPublished = true;
        published.then(
          () => fates.settled(number, "confirmed"),
          () => fates.settled(number, "dropped"),
        );
      }
      return published;
    },
    publishing: (number, emit) => {
      const emitted = { number, isPublished: false };
      current = emitted;
      try {
        emit();
        if (!emitted.isPublished) {
          fates.settled(number, "unpublished");
        }
      } catch (error) {
        process.stderr.write(`message ${number}: ${(error as Error).message}\n`);
        fates.settled(number, "rejected");
      } finally {
        current = undefined;
      }
    },
  };
}
