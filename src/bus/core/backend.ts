import type { BridgeError } from "../../errors.js";

/**
 * @internal What one broker has to do for `networkedBus`. A backend reports what happens to its `BusCore`, and is called
 * by nobody else.
 */
export interface Backend {
  /** `Bus.name`. */
  readonly name: string;
  /** The broker's name in messages. */
  readonly title: string;
  /** Subscribes, now or once connected; then reports `subscribed` or `refused`. */
  subscribe(channel: string): void;
  /** Connects, the first time. Sends what `outbox.take()` returns, unless messages are held back. */
  flush(channel: string): void;
  /** Publishes past the outbox; rejects without a connection, because a heartbeat is never sent late. */
  publishHeartbeat(channel: string, message: Buffer): Promise<unknown>;
  /** The connection that publishes leaves messages unconfirmed: replaces it. */
  replacePublisher(): void;
  /** Heartbeats of the channel do not come back. They leave on one connection and return on another: replaces both. */
  replaceConnections(channel: string): void;
  /** Whether the broker is known to be out of reach, so that `close()` need not wait for confirms. */
  isAway(): boolean;
  /** Releases every handle. Never rejects. */
  close(): Promise<void>;
  /** What the broker is given for a payload. @default the payload */
  encode?(channel: string, payload: Buffer): Buffer;
  /** The reverse of `encode`. Untrusted input. */
  decode?(message: Uint8Array): Uint8Array;
  /** @returns why the broker cannot have a channel of that name */
  checkChannel?(channel: string): BridgeError | undefined;
  /** As `Bus.isOrdered`. */
  isOrdered?(channel: string): boolean;
  /** As `Bus.countSubscribers`. */
  countSubscribers?(channel: string): Promise<number | undefined>;
}
