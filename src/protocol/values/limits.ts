/**
 * Levels of nesting in a message, the message itself included. Python's `json` stops at its recursion limit, 1000 by
 * default, and a Python host well before that (near 500), so no peer writes more. V8 parses deeper values than it can
 * stringify.
 */
export const MAX_DEPTH = 1000;

/** Values of bytes in one message: each is a view, which takes 200 bytes in memory, and a frame of its own to a client. */
export const MAX_ATTACHMENTS = 50_000;

/** Where a message names rooms or sids, on the channel or the side channel, and how many it may name in all. */
export const LISTED_NAMES = {
  keys: ["room", "rooms", "skip_sid", "except", "names", "sid", "callback"].map((key) => Buffer.from(key)),
  maxItems: 100_000,
} as const;

export const TOO_MANY_NAMES = `more than ${LISTED_NAMES.maxItems} rooms and sids`;

/** Rooms that one command lets clients join or leave: each of them joins each, while the host does nothing else. */
export const MAX_NAMES = 10_000;

/** Characters of an integer room, including its sign. Python refuses longer integers (`engineio.json`). */
export const MAX_INTEGER_LENGTH = 100;
