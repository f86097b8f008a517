import { BridgeError } from "../errors.js";
import { quote } from "../util/quote.js";

/**
 * Why a message was dropped: a limit of the outage buffer (`OutageOptions`); `refused`: by the broker; `closed`: by
 * `close()`; `unreadable`: other hosts would reject it, for its size, depth, keys or number of values, or the dialect has
 * no form for it.
 */
export type DropReason = "count" | "bytes" | "age" | "refused" | "closed" | "unreadable";

/** What happens to a bus, for operators. Times are in milliseconds. */
export type BusStatus =
  | { readonly type: "connecting" }
  /** Connected, and subscribed to every channel. What waited is published as soon as other hosts are subscribed again. */
  | { readonly type: "ready" }
  /**
   * In place of `ready`: connected, but the broker refuses these channels, on which nothing is received. An `error` has its
   * reason. A channel that was subscribed before is asked for again and again, and `ready` follows when it is granted.
   */
  | { readonly type: "refused"; readonly channels: readonly string[] }
  | { readonly type: "reconnecting"; readonly attempt: number; readonly delay: number }
  /** The connection or one operation failed, and the bus keeps trying; or received messages were lost, as `error` explains. */
  | { readonly type: "error"; readonly error: BridgeError }
  /** An own message came back on that channel after `lag`; or it has been on its way for as long, behind those of others. */
  | { readonly type: "healthy"; readonly channel: string; readonly lag: number }
  /** Nothing was received on that channel for `silence`, not even an own message. The bus reconnects and subscribes again. */
  | { readonly type: "stale"; readonly channel: string; readonly silence: number }
  /**
   * `count` messages, of `bytes` in all, will never be published. For `unreadable`, `bytes`
   * is 0, no client of this host received the message either, and a log line has the cause. For each reason there is at
   * most one report a second, with the sum of all since the previous one.
   */
  | { readonly type: "dropped"; readonly reason: DropReason; readonly count: number; readonly bytes: number }
  /**
   * `count` messages, of `bytes` in all, wait although there is no outage: this process publishes faster than the broker
   * and its subscribers take messages. None is dropped, and they use memory. Reported when they exceed what is kept during
   * an outage (`OutageOptions`), and again each time they have doubled.
   */
  | { readonly type: "backpressure"; readonly count: number; readonly bytes: number }
  /** After `backpressure`: nothing is waiting any more. It was handed over, or dropped in an outage. */
  | { readonly type: "drained" }
  | { readonly type: "closed" };

/**
 * A broker as this package sees it: named channels that carry bytes. A bus belongs to the one adapter or emitter that it
 * is passed to, which closes it.
 *
 * Each channel keeps the order of each publisher. A bus receives what it publishes itself.
 */
export interface Bus {
  /** The kind of broker: `redis`, `kombu+redis`, `rabbitmq`, `kafka`, `zmq`, `memory`. */
  readonly name: string;
  /**
   * Resolves when every message published from now on will arrive. What `onMessage` throws is reported as an `error`
   * status, and the next message is delivered.
   *
   * @throws BridgeError rejects with `BRIDGE_CLOSED`; with `BRIDGE_BROKER_UNAVAILABLE` if the broker refuses the channel;
   *   with `BRIDGE_INVALID_OPTION` if this bus is subscribed to the channel already
   */
  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void>;
  /**
   * Resolves when the broker has confirmed the message. The payload is copied.
   *
   * @throws BridgeError rejects with `BRIDGE_MESSAGE_DROPPED`, `BRIDGE_BROKER_UNAVAILABLE` or `BRIDGE_CLOSED`
   */
  publish(channel: string, payload: Uint8Array | string): Promise<void>;
  /** @returns a function that unsubscribes */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /**
   * How many are subscribed to the channel at this moment, this bus included. `undefined` where the broker does not
   * disclose it or knows only some of them, and for a bus without this method. Never rejects.
   */
  countSubscribers?(channel: string): Promise<number | undefined>;
  /**
   * Whether all subscribers of the channel receive all messages in one order. False where the broker does not promise
   * it, and for a bus without this method.
   */
  isOrdered?(channel: string): boolean;
  /** Waits for confirms of what was published if the broker is reachable, then releases every handle. Idempotent. */
  close(): Promise<void>;
}

/** @internal Two adapters on one bus would take each other's messages. */
export function alreadySubscribed(channel: string): BridgeError {
  return new BridgeError(
    "BRIDGE_INVALID_OPTION",
    `this bus is subscribed to "${channel}" already: make a bus for each adapter`,
  );
}

/** @internal Untrusted input, or whoever processes it, made `onMessage` throw. */
export function processingFailed(channel: string, cause: unknown): BridgeError {
  const reason = cause instanceof Error ? cause.message : quote(cause);
  return new BridgeError("BRIDGE_MESSAGE_DROPPED", `a message on "${channel}" could not be processed: ${reason}`, {
    cause,
  });
}
