import { findUnsafeKey, isUnsafeName, parseJson, quoteUnsafeIntegers } from "./json.js";
import {
  type AckTicket,
  type EmitMessage,
  type Message,
  quote,
  type Rejected,
  type RejectReason,
  type WireRoom,
} from "./messages.js";

/** What came of the bytes. */
export type Decoded =
  | { readonly kind: "message"; readonly message: Message }
  /** No method, or one that this release does not know: silently passed over, as Python does. */
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejected: Rejected; readonly hostId: string | undefined };

/** Events that Socket.IO keeps for itself (socket.io-parser `RESERVED_EVENTS`). */
const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

/** Longest integer room that is read: far beyond any key of a database. */
const MAX_INTEGER_DIGITS = 100;

/** Carries a rejection out of the readers below; it never leaves this file. */
class Refusal extends Error {
  readonly rejected: Rejected;
  constructor(reason: RejectReason, detail: string) {
    super(detail);
    this.rejected = { reason, detail };
  }
}

/** The fields of one message, each read with its type checked. */
class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #text: string;

  constructor(object: Readonly<Record<string, unknown>>, text: string) {
    this.#object = object;
    this.#text = text;
  }

  get(key: string): unknown {
    return Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
  }

  string(key: string): string {
    const value = this.get(key);
    if (typeof value !== "string") {
      throw new Refusal("wrong_type", `${key} is ${quote(value)}, not a string`);
    }
    return value;
  }

  namespace(): string {
    const namespace = this.get("namespace") ?? "/";
    if (typeof namespace !== "string") {
      throw new Refusal("wrong_type", `namespace is ${quote(namespace)}, not a string`);
    }
    return safeName("namespace", namespace);
  }

  /** Only what looks like one: it goes into log lines. */
  hostId(): string | undefined {
    const value = this.get("host_id");
    return typeof value === "string" && /^[\w-]{1,64}$/.test(value) ? value : undefined;
  }

  room(key: string): WireRoom {
    return this.#toRoom(key, this.get(key), (object) => object[key]);
  }

  /** null, one room, or a list of rooms; null in a list is everyone, as for `get_participants` of Python. */
  rooms(): readonly WireRoom[] | null {
    const value = this.get("room") ?? null;
    if (!Array.isArray(value)) {
      return value === null ? null : [this.room("room")];
    }
    if (value.length === 0) {
      throw new Refusal("wrong_type", "room is an empty list");
    }
    if (value.includes(null)) {
      return null;
    }
    return value.map((room, index) => this.#toRoom("room", room, ({ room }) => (room as unknown[])[index]));
  }

  /** null, one sid or a list of sids. Python compares each with a client's sid, so null matches nobody. */
  skipSids(): readonly string[] {
    const value = this.get("skip_sid") ?? [];
    const sids = (Array.isArray(value) ? value : [value]).filter((sid) => sid !== null);
    const wrong = sids.find((sid) => typeof sid !== "string");
    if (wrong !== undefined) {
      throw new Refusal("wrong_type", `skip_sid holds ${quote(wrong)}, not a string`);
    }
    return sids;
  }

  exceptRooms(): readonly string[] {
    const value = this.get("except") ?? [];
    if (!Array.isArray(value) || value.some((room) => typeof room !== "string")) {
      throw new Refusal("wrong_type", `except is ${quote(value)}, not a list of strings`);
    }
    return value;
  }

  callback(): AckTicket | null {
    const value = this.get("callback") ?? null;
    if (value === null) {
      return null;
    }
    if (!Array.isArray(value) || value.length !== 3) {
      throw new Refusal("bad_callback", `callback is ${quote(value)}, not [room, namespace, id]`);
    }
    const [room, namespace, id] = value;
    if (typeof namespace !== "string" || !Number.isSafeInteger(id)) {
      throw new Refusal("bad_callback", `callback is ${quote(value)}, not [room, namespace, id]`);
    }
    const named = room === null ? null : this.#toRoom("callback", room, ({ callback }) => (callback as unknown[])[0]);
    return { room: named, namespace, id };
  }

  /** @param again - finds the same value in a second parse, in which integers beyond 2^53 are strings */
  #toRoom(key: string, value: unknown, again: (object: Record<string, unknown>) => unknown): WireRoom {
    if (typeof value === "string") {
      return safeName(key, value);
    }
    if (Number.isSafeInteger(value)) {
      return value as number;
    }
    if (typeof value === "number") {
      const parsed = parseJson(quoteUnsafeIntegers(this.#text));
      const digits = "value" in parsed ? again(parsed.value as Record<string, unknown>) : undefined;
      if (typeof digits === "string" && digits.length <= MAX_INTEGER_DIGITS) {
        return BigInt(digits);
      }
    }
    throw new Refusal("wrong_type", `${key} is ${quote(value)}, not a string or an integer`);
  }
}

function safeName(key: string, name: string): string {
  if (isUnsafeName(name)) {
    throw new Refusal("unsafe_name", `${key} is ${quote(name)}`);
  }
  return name;
}

function readEmit(fields: Fields): EmitMessage {
  const event = safeName("event", fields.string("event"));
  if (RESERVED_EVENTS.has(event)) {
    throw new Refusal("reserved_event", `${quote(event)} is an event of Socket.IO itself`);
  }
  const data = fields.get("data");
  if (data === undefined) {
    throw new Refusal("wrong_type", "data is missing");
  }
  const binary = fields.get("binary") ?? false;
  if (typeof binary !== "boolean") {
    throw new Refusal("wrong_type", `binary is ${quote(binary)}, not a boolean`);
  }
  return {
    method: "emit",
    event,
    payload: { data, binary },
    namespace: fields.namespace(),
    rooms: fields.rooms(),
    skipSids: fields.skipSids(),
    exceptRooms: fields.exceptRooms(),
    callback: fields.callback(),
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
      return { method, sid: fields.string("sid"), ...sender() };
    case "enter_room":
    case "leave_room":
      return { method, sid: fields.string("sid"), room: fields.room("room"), ...sender() };
    case "close_room":
      return { method, room: fields.room("room"), ...sender() };
    default:
      return undefined;
  }
}

function decodeText(text: string): Decoded {
  const parsed = parseJson(text);
  if ("rejected" in parsed) {
    return { kind: "rejected", rejected: parsed.rejected, hostId: undefined };
  }
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "rejected", rejected: { reason: "not_object", detail: quote(value) }, hostId: undefined };
  }
  const fields = new Fields(value as Record<string, unknown>, text);
  const unsafe = findUnsafeKey(text, value);
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

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one message of the channel. Never throws.
 *
 * The payload of an emit is left as it is: `decodePayload` reads it when somebody here is to get it.
 *
 * @param maxSize - bytes; more than that is refused unread
 */
export function decode(payload: Uint8Array, maxSize: number): Decoded {
  const reject = (reason: RejectReason, detail: string): Decoded => ({
    kind: "rejected",
    rejected: { reason, detail },
    hostId: undefined,
  });
  if (payload.byteLength > maxSize) {
    return reject("too_large", `${payload.byteLength} bytes, and ${maxSize} is the most that is read`);
  }
  if (isPickle(payload)) {
    return reject("pickle", `a pickle of protocol ${payload[1]}`);
  }
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    return reject("not_json", `not UTF-8; the first byte is 0x${(payload[0] ?? 0).toString(16).padStart(2, "0")}`);
  }
  return decodeText(text);
}
