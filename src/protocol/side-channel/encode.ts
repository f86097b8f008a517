import { assertSize } from "../model/outgoing.js";
import { encodingFailed } from "../model/unreadable-error.js";
import { encodeScalar } from "../msgpack/encode.js";
import { packMap } from "../msgpack/pack.js";
import { sizeOfFrame } from "../msgpack/validate-frame.js";
import { type ScalarEncoder, toJsonValue } from "../values/json-value.js";
import type { SideChannelMessage } from "./messages.js";

/** So that an argument in a list of the message is at 1, as in an emit. */
const MESSAGE_DEPTH = -1;

/** A lone surrogate is not UTF-8, and there is no JSON here to fall back to. */
const encodeWellFormed: ScalarEncoder = (value) =>
  encodeScalar(typeof value === "string" ? value.toWellFormed() : value);

/**
 * One message of the side channel as MessagePack. Values become what JSON has for them, except that bytes stay bytes.
 * Whatever it returns, `decodeSideChannel` with the same limit accepts.
 *
 * @param maxSize - bytes
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what neither has a form for, a bigint or a circular structure, and for
 *   what readers reject
 */
export function encodeSideChannel(message: SideChannelMessage, maxSize: number): Uint8Array {
  const frame = pack(message);
  assertSize(`a ${message.type} message for other Node hosts`, sizeOfFrame(frame, maxSize), maxSize);
  return frame;
}

function pack(message: SideChannelMessage): Buffer {
  try {
    return packMap(toJsonValue(message, encodeWellFormed, "", MESSAGE_DEPTH) as Record<string, unknown>);
  } catch (cause) {
    throw encodingFailed(cause, (reason) => `cannot be sent to other Node hosts: ${reason}`);
  }
}
