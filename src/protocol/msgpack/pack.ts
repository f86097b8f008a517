import { Encoder } from "@msgpack/msgpack";
import { LISTED_NAMES, MAX_DEPTH } from "../values/limits.js";
import { validateFrame, WEIGHED_SIZE } from "./validate-frame.js";

/** Map with a length of two bytes. */
export const MAP_16 = 0xde;

/** A shorter frame can neither weigh too much nor list too many names, of which each takes a byte at least. */
const BEARABLE_SIZE = Math.min(WEIGHED_SIZE, LISTED_NAMES.maxItems);

/**
 * Encodes a map with a length of two bytes, however few its keys. The short form would start with 0x81 to 0x8f, which
 * python-socketio up to 5.13 takes for opcodes of a pickle and executes, on whatever a client has put into the message.
 * 0xde is not an opcode, so those hosts give up at once.
 *
 * @throws RejectionError for what readers reject
 * @param map - at most 15 keys; integers from 2^31 on as bigint, since the encoder writes larger numbers as floats
 */
export function packMap(map: Readonly<Record<string, unknown>>): Buffer {
  // A new encoder each time: its buffer grows with the largest message and never shrinks.
  const packed = new Encoder({ useBigInt64: true, maxDepth: MAX_DEPTH + 1 }).encodeSharedRef(map);
  const frame = Buffer.allocUnsafe(packed.length + 2);
  frame.set([MAP_16, 0, (packed[0] as number) & 0x0f]);
  frame.set(packed.subarray(1), 3);
  if (frame.length >= BEARABLE_SIZE) {
    validateFrame(frame, Number.POSITIVE_INFINITY);
  }
  return frame;
}
