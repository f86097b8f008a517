import { randomUUID } from "node:crypto";

/** Index of a UUID's version among its hex digits, and the version of this package: 8 is for private use (RFC 9562). */
const VERSION = { index: 12, digit: "8" } as const;

/**
 * A new `host_id`: 32 hex digits like Python's `uuid.uuid4().hex`, but of another UUID version, so that readers can tell
 * whether a Node process sent a message.
 */
export function newHostId(): string {
  const digits = randomUUID().replaceAll("-", "");
  return digits.slice(0, VERSION.index) + VERSION.digit + digits.slice(VERSION.index + 1);
}

/** Whether this package made the `host_id`. */
export function isNodeHostId(hostId: string): boolean {
  return hostId.length === 32 && hostId[VERSION.index] === VERSION.digit;
}
