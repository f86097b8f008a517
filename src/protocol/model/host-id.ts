import { randomUUID } from "node:crypto";

/** Where the digits of a UUID say its version, and what they say here: 8 is for uses of one's own (RFC 9562). */
const VERSION = { at: 12, ours: "8" } as const;

/**
 * A new name on the channel: 32 hex digits, as `uuid.uuid4().hex` makes them in Python, except that the version is
 * another. So whoever reads a message can tell whether a Node process wrote it.
 */
export function newHostId(): string {
  const digits = randomUUID().replaceAll("-", "");
  return digits.slice(0, VERSION.at) + VERSION.ours + digits.slice(VERSION.at + 1);
}

/** Whether this package gave the name; its releases up to 0.1 named themselves as Python does. */
export function isNodeName(hostId: string): boolean {
  return hostId.length === 32 && hostId[VERSION.at] === VERSION.ours;
}
