import { encodeJson, encodeJsonEmit } from "./json/encode.js";
import type { Dialect } from "./model/dialect.js";
import type { EncodedEmit, OutgoingEmit, OutgoingMessage } from "./model/outgoing.js";
import { encodeMsgpack } from "./msgpack/encode.js";

/** How messages are written. The first byte of a message tells readers which it is. */
export type Encoding = "json" | "msgpack";

export const ENCODINGS: readonly Encoding[] = ["json", "msgpack"];

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the encoding or the dialect has no form for */
export type Encode = (message: OutgoingMessage) => Uint8Array | string;

interface EncoderOptions {
  readonly encoding: Encoding;
  /** For JSON. Only Python hosts of the newest dialect read MessagePack. */
  readonly dialect: Dialect;
}

/**
 * MessagePack, and JSON for the few messages that MessagePack has no form for: whoever reads MessagePack reads both.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what neither has a form for
 */
export function encodeMsgpackOrJson(message: OutgoingMessage): Uint8Array | string {
  return encodeMsgpack(message) ?? encodeJson(message);
}

/** How a host writes messages; docs/protocol.md, "Encodings". */
export function createEncoder({ encoding, dialect }: EncoderOptions): Encode {
  return encoding === "json" ? (message) => encodeJson(message, dialect) : encodeMsgpackOrJson;
}

/** `createEncoder` for emits: in JSON it also returns the arguments as clients of this host get them. */
export function createEmitEncoder({ encoding, dialect }: EncoderOptions): (message: OutgoingEmit) => EncodedEmit {
  return encoding === "json"
    ? (message) => encodeJsonEmit(message, dialect)
    : (message) => ({ payload: encodeMsgpackOrJson(message), argsJson: undefined });
}
