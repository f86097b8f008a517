import { BridgeError } from "../errors.js";

/** Why a message was given up: a bound of the outage buffer, the broker's refusal, or `close()`. */
export type DropReason = "count" | "bytes" | "age" | "refused" | "closed";

/** What an operator can see of a bus without a debug flag. Times are in milliseconds. */
export type BusStatus =
  | { readonly type: "connecting" }
  /** Connected and subscribed. What waited is published as soon as the other hosts listen again. */
  | { readonly type: "ready" }
  | { readonly type: "reconnecting"; readonly attempt: number; readonly delay: number }
  /** The connection or one operation failed; the bus goes on trying. */
  | { readonly type: "error"; readonly error: BridgeError }
  /** An own message came back on that channel, after `lag`; or it is on its way for as long, behind those of others. */
  | { readonly type: "healthy"; readonly channel: string; readonly lag: number }
  /** Nothing was heard on that channel for `silence`, not even an own message. The bus subscribes anew. */
  | { readonly type: "deaf"; readonly channel: string; readonly silence: number }
  /** Messages that will never be published. `count` is how many this event speaks of. */
  | { readonly type: "dropped"; readonly reason: DropReason; readonly count: number; readonly bytes: number }
  | { readonly type: "closed" };

/**
 * A broker as this package sees it: named channels that carry bytes. A bus belongs to the one adapter or emitter that it
 * is given to, which closes it.
 *
 * Order per publisher is kept on each channel. What a bus publishes itself it also receives.
 */
export interface Bus {
  /** The kind of broker, for logs and errors. */
  readonly name: string;
  /**
   * Resolves when every message published from now on will arrive. Rejects with `BRIDGE_CLOSED`, with `BRIDGE_BROKER_UNAVAILABLE` when
   * the broker refuses the channel, with `BRIDGE_INVALID_OPTION` when this bus reads the channel already.
   */
  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void>;
  /** Resolves when the broker has taken the message. Rejects with `BRIDGE_MESSAGE_DROPPED`, `BRIDGE_BROKER_UNAVAILABLE` or `BRIDGE_CLOSED`. */
  publish(channel: string, payload: Uint8Array | string): Promise<void>;
  /** @returns a function that unsubscribes */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /**
   * How many read the channel at this moment, this bus included. `undefined`, as for a bus without this method, where
   * the broker does not tell. Never rejects.
   */
  countSubscribers?(channel: string): Promise<number | undefined>;
  /**
   * Whether all readers of the channel hear all messages in one order. False, as for a bus without this method, where the
   * broker does not promise it.
   */
  isOrdered?(channel: string): boolean;
  /** Gives waiting messages a last chance where the broker is there, then releases every handle. Idempotent. */
  close(): Promise<void>;
}

/** Two adapters on one bus would take each other's messages. */
export function alreadySubscribed(channel: string): BridgeError {
  return new BridgeError("BRIDGE_INVALID_OPTION", `this bus reads "${channel}" already: make a bus for each adapter`);
}
