import { Fields, Refusal, safeName } from "./fields.js";
import { findUnsafeKey, mayHoldUnsafeKey, parseExactly, parseJson } from "./json.js";
import {
  type EmitMessage,
  type Message,
  quote,
  RESERVED_EVENTS,
  type Rejected,
  type RejectReason,
} from "./messages.js";
import { isMsgpack, unpack } from "./msgpack.js";
import { readClose, readDisconnectMembers, readExtension, readMoveMembers } from "./node-fields.js";

/** What came of the bytes. */
export type Decoded =
  | { readonly kind: "message"; readonly message: Message }
  /** No method, or one that this release does not know: silently passed over, as Python does. */
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejected: Rejected; readonly hostId: string | undefined };

function readEmit(fields: Fields): EmitMessage {
  const event = safeName("event", fields.string("event"));
  if (RESERVED_EVENTS.has(event)) {
    throw new Refusal("reserved_event", `${quote(event)} is an event of Socket.IO itself`);
  }
  const data = fields.get("data");
  if (data === undefined) {
    throw new Refusal("wrong_type", "data is missing");
  }
  return {
    method: "emit",
    event,
    payload: { data, binary: fields.flag("binary") },
    namespace: fields.namespace(),
    rooms: fields.rooms(),
    skipSids: fields.skipSids(),
    exceptRooms: fields.exceptRooms(),
    callback: fields.callback(),
    ...readExtension(fields),
    hostId: fields.hostId(),
  };
}

function readCallback(fields: Fields): Message {
  const id = fields.get("id");
  const args = fields.get("args");
  if (!Number.isSafeInteger(id) || !Array.isArray(args)) {
    throw new Refusal("wrong_type", `id is ${quote(id)} and args is ${quote(args)}, not an integer and a list`);
  }
  const room = fields.get("sid") === null ? null : fields.room("sid");
  return {
    method: "callback",
    ticket: { room, namespace: fields.namespace(), id: id as number },
    args,
    hostId: fields.hostId(),
  };
}

function readMessage(method: string, fields: Fields): Message | undefined {
  const sender = () => ({ namespace: fields.namespace(), hostId: fields.hostId() });
  switch (method) {
    case "emit":
      return readEmit(fields);
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
    case "node_mark":
      return { method, number: fields.whole("number"), hostId: fields.hostId() };
    default:
      return undefined;
  }
}

/** A message as its encoding gives it. */
interface Raw {
  readonly value: unknown;
  readonly mayBeUnsafe: boolean;
  /** The value once more, with integers beyond 2^53 as bigint or as strings of their digits. */
  exact(): unknown;
}

type Reading = Raw | { readonly rejected: Rejected };

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

function decodeRaw(raw: Raw): Decoded {
  const { value } = raw;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
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
    const rejected: Rejected = { reason: "wrong_type", detail: `method is ${quote(method)}, not a string` };
    return { kind: "rejected", rejected, hostId: fields.hostId() };
  }
  try {
    const message = readMessage(method, fields);
    return message === undefined ? { kind: "ignored" } : { kind: "message", message };
  } catch (error) {
    if (error instanceof Refusal) {
      return { kind: "rejected", rejected: error.rejected, hostId: fields.hostId() };
    }
    throw error;
  }
}

/** A pickle of protocol 2 and later starts with the opcode PROTO and the protocol's number. */
function isPickle(payload: Uint8Array): boolean {
  return payload[0] === 0x80 && (payload[1] ?? 0xff) <= 5;
}

/** Before anything of the message is known. */
function rejection(reason: RejectReason, detail: string): Decoded {
  return { kind: "rejected", rejected: { reason, detail }, hostId: undefined };
}

/**
 * Reads one message of the channel, in either encoding: its first byte tells which. Never throws.
 *
 * The payload of an emit is left as it is: `decodePayload` reads it when somebody here is to get it.
 *
 * @param maxSize - bytes; more than that is refused unread
 */
export function decode(payload: Uint8Array, maxSize: number): Decoded {
  if (payload.byteLength > maxSize) {
    return rejection("too_large", `${payload.byteLength} bytes, and ${maxSize} is the most that is read`);
  }
  if (isPickle(payload)) {
    return rejection("pickle", `a pickle of protocol ${payload[1]}`);
  }
  const reading = isMsgpack(payload) ? unpack(payload, maxSize) : readJson(payload);
  return "rejected" in reading ? rejection(reading.rejected.reason, reading.rejected.detail) : decodeRaw(reading);
}
