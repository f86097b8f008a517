import { type EncodedEmit, encode, encodeEmit } from "./json/encode.js";
import type { Dialect } from "./model/dialect.js";
import type { OutgoingEmit, OutgoingMessage } from "./model/outgoing.js";
import { encodeMsgpack } from "./msgpack/encode.js";

/** How messages are written. What is read is told by its first byte. */
export type Encoding = "json" | "msgpack";

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel or the dialect cannot carry */
export type Encode = (message: OutgoingMessage) => Uint8Array | string;

export const ENCODERS: Readonly<Record<Encoding, Encode>> = {
  json: (message) => encode(message),
  msgpack: encodeMsgpack,
};

interface Writing {
  readonly encoding: Encoding;
  readonly dialect: Dialect;
}

/** How a host writes. MessagePack is read by Python hosts of the newest dialect alone. */
export function encoderOf({ encoding, dialect }: Writing): Encode {
  return encoding === "json" ? (message) => encode(message, dialect) : ENCODERS[encoding];
}

/** The same of emits, with what is ready for clients then. */
export function emitEncoderOf({ encoding, dialect }: Writing): (message: OutgoingEmit) => EncodedEmit {
  return encoding === "json"
    ? (message) => encodeEmit(message, dialect)
    : (message) => ({ payload: ENCODERS[encoding](message), list: undefined });
}
