import { quote } from "../../util/quote.js";
import { Fields } from "./fields.js";
import { type Rejection, RejectionError, toRejection } from "./rejection.js";

/** What an encoding (JSON, MessagePack, pickle) makes of the bytes of one message, before its fields are read. */
export interface DecodedValue {
  readonly value: unknown;
  /** A key in it that could reach a prototype. */
  readonly unsafeKey: string | undefined;
  /** Set by pickles only: whether `data` is a tuple, which is several arguments where a list is one. */
  readonly isDataTuple?: boolean;
  /**
   * Decodes again what a key of the message holds, with integers beyond 2^53 as bigint or as strings of their digits.
   *
   * @param key - one of `LISTED_NAMES`
   */
  decodeExactly(key: string): unknown;
}

/** What became of the bytes of one message. */
export type Decoded<Message> =
  | { readonly kind: "message"; readonly message: Message }
  /** No method or type, or one that this release does not know: ignored silently, as Python does. */
  | { readonly kind: "ignored" }
  | {
      readonly kind: "rejected";
      readonly rejection: Rejection;
      /** The sender, as far as the message could be read. */
      readonly hostId: string | undefined;
    };

/** The steps of decoding that differ between the channel and the side channel. Each may throw. */
interface MessageReader<Message> {
  /** The key that names the sender. */
  readonly senderKey: string;
  decodeValue(): DecodedValue;
  /** @returns undefined for a message to ignore */
  readMessage(fields: Fields, decoded: DecodedValue): Message | undefined;
}

function openFields({ value, decodeExactly }: DecodedValue): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new RejectionError("not_object", quote(value));
  }
  return new Fields(value as Record<string, unknown>, decodeExactly);
}

function assertSafeKeys({ unsafeKey }: DecodedValue): void {
  if (unsafeKey !== undefined) {
    throw new RejectionError("unsafe_name", `the key ${quote(unsafeKey)}`);
  }
}

/**
 * Decodes one untrusted message. Never throws: whatever a reader, a library or Node throws becomes a rejection, so one
 * bad message cannot end the process or break the subscription.
 *
 * @param maxSize - bytes; a larger payload is rejected unread
 */
export function decodeUntrusted<Message>(
  payload: Uint8Array,
  maxSize: number,
  reader: MessageReader<Message>,
): Decoded<Message> {
  let fields: Fields | undefined;
  try {
    if (payload.byteLength > maxSize) {
      throw new RejectionError("too_large", `${payload.byteLength} bytes; the limit is ${maxSize}`);
    }
    const decoded = reader.decodeValue();
    fields = openFields(decoded);
    assertSafeKeys(decoded);
    const message = reader.readMessage(fields, decoded);
    return message === undefined ? { kind: "ignored" } : { kind: "message", message };
  } catch (error) {
    return { kind: "rejected", rejection: toRejection(error), hostId: fields?.hostName(reader.senderKey) };
  }
}
