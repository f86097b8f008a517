import type { Dialect } from "./dialect.js";
import { encode } from "./encode.js";
import { encodeMsgpack } from "./encode-msgpack.js";
import type { OutgoingMessage } from "./outgoing.js";

/** How messages are written. What is read is told by its first byte. */
export type Encoding = "json" | "msgpack";

/** @throws BridgeError `INVALID_ARGUMENT` for what the channel or the dialect cannot carry */
export type Encode = (message: OutgoingMessage) => Uint8Array | string;

export const ENCODERS: Readonly<Record<Encoding, Encode>> = {
  json: (message) => encode(message),
  msgpack: encodeMsgpack,
};

/** How a host writes. MessagePack is read by Python hosts of the newest dialect alone. */
export function encoderOf({ encoding, dialect }: { readonly encoding: Encoding; readonly dialect: Dialect }): Encode {
  return encoding === "json" ? (message) => encode(message, dialect) : ENCODERS[encoding];
}
