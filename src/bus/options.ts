import { integerInRange, LONGEST_TIMER_MS, noOthers } from "../util/validation.js";

/**
 * What a bus keeps during an outage. Messages beyond one of the bounds are dropped, the oldest first. `maxMessages` and
 * `maxBytes` are for what comes from its beginning on; so they are while the broker is there but confirms nothing for a
 * second. Without an outage nothing is dropped for lack of room: see `BusStatus` `backpressure`.
 */
export interface OutageOptions {
  /** Most messages that are added during an outage. @default 10_000 */
  readonly maxMessages?: number | undefined;
  /** Most bytes that are added during an outage. @default 33_554_432 (32 MiB) */
  readonly maxBytes?: number | undefined;
  /** Milliseconds that a message waits at most, up to 2^31 - 1. @default 60_000 */
  readonly maxAge?: number | undefined;
  /**
   * Milliseconds after a reconnect for which waiting messages are held back at most, until as many hosts are subscribed as
   * before; for the whole time where the broker cannot count them. A broker that restarts is back before its subscribers
   * are: a Python host waits a second or more between two attempts. 0 publishes at once.
   * @default 1_250
   */
  readonly subscriberGrace?: number | undefined;
}

/** Who logs in to the broker. */
export interface Credentials {
  /** @default the user of the URL or of the client */
  readonly username?: string | undefined;
  /** A password, or a token in place of one. */
  readonly password: string;
}

/** @returns who logs in, or a promise of it */
export type CredentialsProvider = () => Credentials | Promise<Credentials>;

/** Options of every bus, whatever its broker. A value that cannot work is `BRIDGE_INVALID_OPTION`. */
export interface BusOptions {
  readonly outage?: OutageOptions | undefined;
  /**
   * Milliseconds between two proofs that the subscriptions work, from 100 to 2^30: see `BusStatus` `healthy` and `stale`. A
   * connection that has not responded for twice as long is given up, and replaced.
   * @default 5_000
   */
  readonly heartbeatInterval?: number | undefined;
  /**
   * Called for each connection that is opened, for passwords and tokens that change. What it returns replaces the user and
   * the password of the URL or client. If it throws, rejects, returns no password, or takes more than 10 s, that is an
   * `error` status, and the next attempt calls it again.
   */
  readonly credentials?: CredentialsProvider | undefined;
}

/** @internal */
export type NormalizedOutage = { readonly [Option in keyof OutageOptions]-?: number };

const OUTAGE_NAMES: Readonly<Record<keyof OutageOptions, true>> = {
  maxMessages: true,
  maxBytes: true,
  maxAge: true,
  subscriberGrace: true,
};

/** @internal @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeOutage(options: OutageOptions = {}): NormalizedOutage {
  noOthers("option of outage", options, OUTAGE_NAMES);
  return {
    maxMessages: integerInRange("outage.maxMessages", options.maxMessages ?? 10_000),
    maxBytes: integerInRange("outage.maxBytes", options.maxBytes ?? 32 * 1024 * 1024),
    maxAge: integerInRange("outage.maxAge", options.maxAge ?? 60_000, 1, LONGEST_TIMER_MS),
    subscriberGrace: integerInRange("outage.subscriberGrace", options.subscriberGrace ?? 1_250, 0),
  };
}

/** @internal @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeHeartbeat(interval = 5_000): number {
  return integerInRange("heartbeatInterval", interval, 100, 2 ** 30);
}
