import type { BridgeError } from "../../errors.js";
import type { Outbox } from "./outbox.js";
import type { SubscriptionState } from "./subscriptions.js";

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
  /** The connection that publishes leaves messages unconfirmed: opens another. */
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

/** @internal What a backend works with, and whom it reports to. */
export interface BusCore {
  readonly outbox: Outbox;
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  /** Milliseconds; see `OutageOptions`. */
  readonly subscriberGrace: number;
  /** Aborted by `close()`, after waiting messages had their last chance. */
  readonly closing: AbortSignal;
  /** All channels that are to be subscribed. */
  readonly channels: readonly string[];
  /** Whether the broker has granted or refused every subscription. */
  readonly areSubscriptionsAnswered: boolean;
  stateOf(channel: string): SubscriptionState | undefined;

  /** Untrusted input. Never throws, so one bad message cannot break the subscription. */
  received(channel: string, message: Uint8Array): void;
  /** Whatever is published from now on arrives. */
  subscribed(channel: string): void;
  /** The subscription is lost and is being made again. @returns whether it was active */
  subscriptionLost(channel: string): boolean;
  /** The broker denies the subscription. @returns whether to keep asking: a right that was taken away may be restored */
  refused(channel: string, error: BridgeError): boolean;
  /** Heartbeats that are on their way were lost with the connection that published them. */
  restartHeartbeats(): void;

  connecting(): void;
  /** Connected, and every subscription is answered. */
  ready(): void;
  reconnecting(attempt: number, delay: number): void;
  reportError(error: BridgeError): void;
  /** Reports the same message once until `forgetErrors()`: each attempt to reconnect fails with it again. */
  reportErrorOnce(error: BridgeError): void;
  forgetErrors(): void;
}
