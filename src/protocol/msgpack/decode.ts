import { decode } from "@msgpack/msgpack";
import { asBuffer } from "../../util/bytes.js";
import { quote } from "../../util/quote.js";
import type { DecodedValue } from "../model/decoded.js";
import { RejectionError } from "../model/rejection.js";
import { MAP_16 } from "./pack.js";
import { validateFrame } from "./validate-frame.js";

/**
 * Messages as MessagePack: the map that the JSON text would be, except that bytes stand in `data` and `args` as they are.
 * Its Python counterpart is `python/src/socketio_bridge/msgpack.py`.
 */

const MAP_32 = 0xdf;

/** Maps whose first byte includes their length. An empty map is 0x80, which is not a message but starts a pickle. */
const SHORT_MAPS = { first: 0x81, last: 0x8f } as const;

export function isMsgpack(payload: Uint8Array): boolean {
  const first = payload[0] ?? 0;
  return (first >= SHORT_MAPS.first && first <= SHORT_MAPS.last) || first === MAP_16 || first === MAP_32;
}

/** Keys that are not text become what `json.dumps` of Python writes for them. */
const mapKeyConverter = (key: unknown): string => String(key);

/** @throws RejectionError `undecodable`: releases of the library differ in which keys they refuse */
function unpack(frame: Buffer, useBigInt64: boolean): unknown {
  try {
    return decode(frame, { mapKeyConverter, useBigInt64 });
  } catch (error) {
    throw new RejectionError("undecodable", `@msgpack/msgpack: ${quote((error as Error).message)}`);
  }
}

/** Turns bigint values into numbers, in the given value itself. Keys keep their digits. */
function withoutBigints(value: unknown): unknown {
  if (typeof value === "bigint") {
    return Number(value);
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      value[index] = withoutBigints(value[index]);
    }
    return value;
  }
  const map = value as Record<string, unknown>;
  for (const key of Object.keys(map)) {
    map[key] = withoutBigints(map[key]);
  }
  return value;
}

/**
 * Decodes one map. Bytes in it are views of the payload.
 *
 * @param maxSize - bytes that the same value may have as JSON
 * @throws RejectionError `not_msgpack`, `too_deep`, `too_large`, `unsafe_name` or `undecodable`
 */
export function decodeMsgpack(payload: Uint8Array, maxSize: number): DecodedValue {
  // A Buffer, so that bytes in it become Buffers.
  const frame = asBuffer(payload);
  const { hasLongKey, unsafeKey } = validateFrame(frame, maxSize);
  return {
    value: hasLongKey ? withoutBigints(unpack(frame, true)) : unpack(frame, false),
    unsafeKey,
    decodeExactly: (key) => (unpack(frame, true) as Record<string, unknown>)[key],
  };
}
