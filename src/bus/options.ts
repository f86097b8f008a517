import { integerInRange, LONGEST_TIMER_MS } from "../util/validation.js";

/** How a bus buffers what is published while its broker is away. Each bound drops the oldest message first. */
export interface OutageOptions {
  /** Most messages that wait. @default 10_000 */
  readonly maxMessages?: number | undefined;
  /** Most bytes that wait. @default 33_554_432 (32 MiB) */
  readonly maxBytes?: number | undefined;
  /** Longest that a message waits, in milliseconds. @default 60_000 */
  readonly maxAge?: number | undefined;
  /**
   * After a reconnect, how long to hold messages back until as many hosts are subscribed as before, in milliseconds: a
   * broker that restarts is back before its subscribers are, and a Python host waits a second or more before it
   * retries. 0 publishes at once. @default 1_250
   */
  readonly subscriberGrace?: number | undefined;
}

/** Options of every bus, whatever its broker. */
export interface BusOptions {
  readonly outage?: OutageOptions | undefined;
  /**
   * How often a bus checks that it still receives, in milliseconds: see `BusStatus` `healthy` and `stale`. A connection
   * over which the broker has not answered for twice as long is replaced.
   * @default 5_000
   */
  readonly heartbeatInterval?: number | undefined;
}

/** @internal */
export type NormalizedOutage = { readonly [Option in keyof OutageOptions]-?: number };

/** @internal @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeOutage(options: OutageOptions = {}): NormalizedOutage {
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
