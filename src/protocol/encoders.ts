import { encode } from "./encode.js";
import { encodeMsgpack } from "./encode-msgpack.js";
import type { OutgoingMessage } from "./outgoing.js";

/** How messages are written. What is read is told by its first byte. */
export type Encoding = "json" | "msgpack";

/** @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry */
export type Encode = (message: OutgoingMessage) => Uint8Array | string;

export const ENCODERS: Readonly<Record<Encoding, Encode>> = { json: encode, msgpack: encodeMsgpack };
