import { asBuffer } from "../util/bytes.js";
import { encodeJson, encodeJsonEmit } from "./json/encode.js";
import type { Dialect } from "./model/dialect.js";
import {
  assertSize,
  describeMessage,
  type EncodedEmit,
  type OutgoingEmit,
  type OutgoingMessage,
} from "./model/outgoing.js";
import { UnreadableError } from "./model/unreadable-error.js";
import { encodeMsgpack } from "./msgpack/encode.js";
import { sizeOfFrame } from "./msgpack/validate-frame.js";
import { MAX_NAMES } from "./values/limits.js";

/** How messages are written. The first byte of a message tells readers which it is. */
export type Encoding = "json" | "msgpack";

export const ENCODINGS: readonly Encoding[] = ["json", "msgpack"];

/**
 * Whatever it returns, `decode` with the same options accepts.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the encoding or the dialect has no form for, and for what `decode`
 *   rejects
 */
export type Encode = (message: OutgoingMessage) => Uint8Array | string;

interface EncoderOptions {
  readonly encoding: Encoding;
  /** For JSON. Only Python hosts of the newest dialect read MessagePack. */
  readonly dialect: Dialect;
  /** Bytes. */
  readonly maxMessageSize: number;
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
export function createEncoder({ encoding, dialect, maxMessageSize }: EncoderOptions): Encode {
  return (message) => {
    assertNames(message);
    const payload = encoding === "json" ? encodeJson(message, dialect) : encodeMsgpackOrJson(message);
    assertPayloadSize(message, payload, maxMessageSize);
    return payload;
  };
}

/** `createEncoder` for emits: in JSON it also returns the arguments as clients of this host get them. */
export function createEmitEncoder(options: EncoderOptions): (message: OutgoingEmit) => EncodedEmit {
  const { encoding, dialect, maxMessageSize } = options;
  if (encoding === "msgpack") {
    const encode = createEncoder(options);
    return (message) => ({ payload: encode(message), argsJson: undefined });
  }
  return (message) => {
    const encoded = encodeJsonEmit(message, dialect);
    assertPayloadSize(message, encoded.payload, maxMessageSize);
    return encoded;
  };
}

/** @throws UnreadableError */
function assertNames(message: OutgoingMessage): void {
  const { length } = "names" in message ? message.names : [];
  if (length > MAX_NAMES) {
    throw new UnreadableError(`${describeMessage(message)} has ${length} rooms; the limit is ${MAX_NAMES}`);
  }
}

/** UTF-8 has at most three bytes for each unit of a string, so that most need not be counted. */
const MAX_BYTES_PER_UNIT = 3;

function assertPayloadSize(message: OutgoingMessage, payload: Uint8Array | string, maxSize: number): void {
  if (typeof payload !== "string") {
    assertSize(describeMessage(message), sizeOfFrame(asBuffer(payload), maxSize), maxSize);
  } else if (payload.length * MAX_BYTES_PER_UNIT > maxSize) {
    assertSize(describeMessage(message), Buffer.byteLength(payload), maxSize);
  }
}
