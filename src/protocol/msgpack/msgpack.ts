import { decode, Encoder } from "@msgpack/msgpack";
import { MAX_DEPTH } from "../json/parse.js";
import { bufferOf } from "../json/to-json-value.js";
import type { Rejection } from "../model/messages.js";
import { checkFrame } from "./check-frame.js";

/**
 * Messages as MessagePack: the map that the JSON text would be, only that bytes stand in `data` and `args` as they are.
 *
 * The map has a length of two bytes, however few keys it has. The short form would start with 0x81 to 0x8f, which
 * python-socketio up to 5.13 takes for operations of a pickle and carries out, on whatever a client has put into the
 * message; 0xde is none, so that it gives up at once.
 */
const MAP_16 = 0xde;
const MAP_32 = 0xdf;

/** Maps of a length that fits into their head byte. Without a key it is a message of nobody, and a pickle's start. */
const SHORT_MAPS = { first: 0x81, last: 0x8f } as const;

export function isMsgpack(payload: Uint8Array): boolean {
  const first = payload[0] ?? 0;
  return (first >= SHORT_MAPS.first && first <= SHORT_MAPS.last) || first === MAP_16 || first === MAP_32;
}

/** @param envelope - at most 15 keys; integers from 2^31 on as bigint, which the encoder would make floats of */
export function pack(envelope: Readonly<Record<string, unknown>>): Uint8Array {
  // A new one each time: its buffer grows with the largest message and never shrinks.
  const packed = new Encoder({ useBigInt64: true, maxDepth: MAX_DEPTH + 1 }).encodeSharedRef(envelope);
  const frame = Buffer.allocUnsafe(packed.length + 2);
  frame.set([MAP_16, 0, (packed[0] as number) & 0x0f]);
  frame.set(packed.subarray(1), 3);
  return frame;
}

/** Keys that are no text become what `json.dumps` of Python writes for them. */
const mapKeyConverter = (key: unknown): string => String(key);

/** Keys have their digits then, and values are what JSON would make of them. In the value itself. */
function withoutBigints(value: unknown): unknown {
  if (typeof value === "bigint") {
    return Number(value);
  }
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    const container = value as Record<string, unknown>;
    for (const key of Object.keys(container)) {
      container[key] = withoutBigints(container[key]);
    }
  }
  return value;
}

/** A value, and what the checks after it ask. */
export interface Unpacked {
  readonly value: unknown;
  /** `false`: none of its keys reaches a prototype. */
  readonly mayBeUnsafe: boolean;
  /** The same, with integers of 64 bits as bigint. */
  exact(): unknown;
}

/**
 * @param maxSize - bytes that its JSON may have
 * @returns the value, or why the payload is refused; never throws
 */
export function unpack(payload: Uint8Array, maxSize: number): Unpacked | { readonly rejected: Rejection } {
  // Bytes in it become views of the same kind.
  const frame = bufferOf(payload);
  const checked = checkFrame(frame, maxSize);
  if ("rejected" in checked) {
    return checked;
  }
  const exact = () => decode(frame, { mapKeyConverter, useBigInt64: true });
  return {
    value: checked.hasLongKey ? withoutBigints(exact()) : decode(frame, { mapKeyConverter }),
    mayBeUnsafe: frame.includes("constructor"),
    exact,
  };
}
