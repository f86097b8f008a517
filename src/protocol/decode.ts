import { quote } from "../util/quote.js";
import { findUnsafeKey, mayHoldUnsafeKey, parseExactly, parseJson } from "./json/parse.js";
import type { Dialect } from "./model/dialect.js";
import { formOf, readEnvelope } from "./model/emit-fields.js";
import { Fields, RejectionError } from "./model/fields.js";
import type { LegacyPickle } from "./model/legacy-pickle.js";
import type { EmitEnvelope, EmitMessage, EmitPayload, Message, Rejection, RejectReason } from "./model/messages.js";
import { readClose, readDisconnectMembers, readMoveMembers } from "./model/node-extension.js";
import { isMsgpack, unpack } from "./msgpack/msgpack.js";
import { describePickle, isPickle, unpickle } from "./pickle/pickle.js";

/** What came of the bytes. */
export type Decoded =
  | { readonly kind: "message"; readonly message: Message }
  /** No method, or one that this release does not know: silently passed over, as Python does. */
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejected: Rejection; readonly hostId: string | undefined };

/** What of a message's encoding its fields do not say. */
interface Context {
  readonly dialect: Dialect;
  /** A pickle's `data` is a tuple; undefined where it is no pickle. */
  readonly isDataTuple: boolean | undefined;
}

function readPayload(fields: Fields, envelope: EmitEnvelope, { dialect, isDataTuple }: Context): EmitPayload {
  const data = fields.get("data");
  if (data === undefined) {
    throw new RejectionError("wrong_type", "data is missing");
  }
  if (isDataTuple !== undefined) {
    // Whoever writes pickles does not know the key `binary`: bytes stand in the value.
    return { data, form: isDataTuple ? "tuple" : "argument", binary: false };
  }
  return { data, form: formOf(envelope, dialect), binary: fields.flag("binary") };
}

function readEmit(fields: Fields, context: Context): EmitMessage {
  const envelope = readEnvelope(fields);
  return { ...envelope, payload: readPayload(fields, envelope, context) };
}

function readCallback(fields: Fields): Message {
  const id = fields.get("id");
  const args = fields.get("args");
  if (!Number.isSafeInteger(id) || !Array.isArray(args)) {
    throw new RejectionError("wrong_type", `id is ${quote(id)} and args is ${quote(args)}, not an integer and a list`);
  }
  const room = fields.get("sid") === null ? null : fields.room("sid");
  return {
    method: "callback",
    ticket: { room, namespace: fields.namespace(), id: id as number },
    args,
    hostId: fields.hostId(),
  };
}

function readMessage(method: string, fields: Fields, context: Context): Message | undefined {
  const sender = () => ({ namespace: fields.namespace(), hostId: fields.hostId() });
  switch (method) {
    case "emit":
      return readEmit(fields, context);
    case "callback":
      return readCallback(fields);
    case "disconnect":
      return { method, sid: fields.string("sid"), ...readClose(fields), ...sender() };
    case "enter_room":
    case "leave_room":
      return { method, sid: fields.string("sid"), room: fields.room("room"), ...sender() };
    case "close_room":
      return { method, room: fields.room("room"), ...sender() };
    case "node_join":
    case "node_leave":
      return readMoveMembers(method, fields);
    case "node_disconnect":
      return readDisconnectMembers(fields);
    case "node_checkpoint":
      return { method, number: fields.whole("number"), hostId: fields.hostId() };
    default:
      return undefined;
  }
}

/** A message as its encoding gives it. */
interface Raw {
  readonly value: unknown;
  /** `false`: none of its keys reaches a prototype. */
  readonly mayBeUnsafe: boolean;
  /** Of a pickle: its `data` is a tuple. */
  readonly isDataTuple?: boolean;
  /** The value once more, with integers beyond 2^53 as bigint or as strings of their digits. */
  exact(): unknown;
}

type Reading = Raw | { readonly rejected: Rejection };

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function readJson(payload: Uint8Array): Reading {
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    const first = (payload[0] ?? 0).toString(16).padStart(2, "0");
    return { rejected: { reason: "not_json", detail: `not UTF-8; the first byte is 0x${first}` } };
  }
  const parsed = parseJson(text);
  return "rejected" in parsed
    ? parsed
    : { value: parsed.value, mayBeUnsafe: mayHoldUnsafeKey(text), exact: () => parseExactly(text) };
}

function decodeRaw(raw: Raw, dialect: Dialect): Decoded {
  const { value, isDataTuple } = raw;
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return rejection("not_object", quote(value));
  }
  const fields = new Fields(value as Record<string, unknown>, raw.exact);
  const unsafe = raw.mayBeUnsafe ? findUnsafeKey(value) : undefined;
  if (unsafe !== undefined) {
    return { kind: "rejected", rejected: unsafe, hostId: fields.hostId() };
  }
  const method = fields.get("method");
  if (method === undefined) {
    return { kind: "ignored" };
  }
  if (typeof method !== "string") {
    const rejected: Rejection = { reason: "wrong_type", detail: `method is ${quote(method)}, not a string` };
    return { kind: "rejected", rejected, hostId: fields.hostId() };
  }
  try {
    const message = readMessage(method, fields, { dialect, isDataTuple });
    return message === undefined ? { kind: "ignored" } : { kind: "message", message };
  } catch (error) {
    if (error instanceof RejectionError) {
      return { kind: "rejected", rejected: error.rejection, hostId: fields.hostId() };
    }
    throw error;
  }
}

/** Before anything of the message is known. */
function rejection(reason: RejectReason, detail: string): Decoded {
  return { kind: "rejected", rejected: { reason, detail }, hostId: undefined };
}

/** How to read what the first byte of a message does not tell. */
export interface ReadingOptions {
  readonly legacyPickle: LegacyPickle;
  readonly dialect: Dialect;
}

const DEFAULT_READING: ReadingOptions = { legacyPickle: "refuse", dialect: "5.15" };

function read(payload: Uint8Array, maxSize: number, { legacyPickle }: ReadingOptions): Reading {
  if (isPickle(payload)) {
    return legacyPickle === "data-only"
      ? unpickle(payload, maxSize)
      : { rejected: { reason: "pickle", detail: describePickle(payload) } };
  }
  return isMsgpack(payload) ? unpack(payload, maxSize) : readJson(payload);
}

/**
 * Reads one message of the channel, in any encoding: its first byte tells which. Never throws.
 *
 * The payload of an emit is left as it is: `decodePayload` reads it when somebody here is to get it.
 *
 * @param maxSize - bytes; more than that is refused unread
 */
export function decode(payload: Uint8Array, maxSize: number, options: ReadingOptions = DEFAULT_READING): Decoded {
  if (payload.byteLength > maxSize) {
    return rejection("too_large", `${payload.byteLength} bytes, and ${maxSize} is the most that is read`);
  }
  const reading = read(payload, maxSize, options);
  return "rejected" in reading
    ? rejection(reading.rejected.reason, reading.rejected.detail)
    : decodeRaw(reading, options.dialect);
}
