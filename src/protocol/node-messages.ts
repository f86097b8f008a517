import { BridgeError } from "../errors.js";
import { leaf as exactLeaf } from "./encode-msgpack.js";
import { Fields, Refusal } from "./fields.js";
import { findUnsafeKey } from "./json.js";
import { quote, type Rejected } from "./messages.js";
import { pack, unpack } from "./msgpack.js";
import { type Leaf, toPlain } from "./plain.js";

/**
 * What Node hosts say among themselves, on a channel beside that of the fleet: Python hosts neither read nor write it.
 * Each message is one MessagePack map with these keys. Types and keys from the future are passed over.
 */
export type NodeMessage =
  | PresenceMessage
  | ByeMessage
  | RequestMessage
  | ReplyMessage
  | CountMessage
  | AnswerMessage
  | SessionsMessage;

interface Sent {
  /** The sender: 32 hex digits. */
  readonly from: string;
}

/** `hello` starts, and asks everyone for a `beat`; a `beat` comes at an interval. */
export interface PresenceMessage extends Sent {
  readonly type: "hello" | "beat";
  /** False for an emitter that listens for acknowledgements: it has no clients, and is not counted. */
  readonly isHost: boolean;
  /** Milliseconds between two beats. */
  readonly interval: number;
  /** Milliseconds since the sender last heard a Python host, null for never. */
  readonly python: number | null;
}

export interface ByeMessage extends Sent {
  readonly type: "bye";
}

/** Answered by every host, with a `reply` of as many parts as it takes. */
export type RequestMessage = FetchMessage | RoomsMessage | EventMessage | SessionMessage;

interface Request extends Sent {
  /** The sender's number for it. */
  readonly id: number;
  readonly namespace: string;
}

/** `fetchSockets()`: the reply has a `RemoteSocketDetails` for each client. */
export interface FetchMessage extends Request {
  readonly type: "fetch";
  /** None is everyone. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
}

/** `allRooms()`: the reply has their names. */
export interface RoomsMessage extends Request {
  readonly type: "rooms";
}

/** `serverSideEmit()`: the reply has the arguments of the acknowledgement, and nothing where no such namespace is open. */
export interface EventMessage extends Request {
  readonly type: "event";
  /** The event's name comes first. */
  readonly args: readonly unknown[];
  /** False: no reply is expected. */
  readonly isAcknowledged: boolean;
}

/** A client has come to the sender, and says that it was there: the reply has its session, which is given away with it. */
export interface SessionMessage extends Request {
  readonly type: "session";
  /** The secret by which the client is known, as socket.io gave it. */
  readonly pid: string;
  /** How far it had come. */
  readonly offset: string;
}

/** A host that closes leaves the sessions of its clients to the others. */
export interface SessionsMessage extends Sent {
  readonly type: "sessions";
  readonly namespace: string;
  readonly items: readonly unknown[];
}

interface Answer extends Sent {
  /** The host that asked. */
  readonly to: string;
  /** Its number for what it asked. */
  readonly id: number;
}

export interface ReplyMessage extends Answer {
  readonly type: "reply";
  /** Counts from 0. */
  readonly part: number;
  readonly isLast: boolean;
  readonly items: readonly unknown[];
}

/** How many clients of the sender got an acknowledged emit; before any of their answers. */
export interface CountMessage extends Answer {
  readonly type: "count";
  readonly clients: number;
}

/** A client's acknowledgement. */
export interface AnswerMessage extends Answer {
  readonly type: "answer";
  /** Counts from 1 among the answers of the sender. */
  readonly number: number;
  readonly args: readonly unknown[];
}

/** Half a surrogate pair is no UTF-8. */
const leaf: Leaf = (value) => exactLeaf(typeof value === "string" ? value.toWellFormed() : value);

/**
 * Values become what JSON has for them, except that bytes stay bytes.
 *
 * @throws BridgeError `INVALID_ARGUMENT` for what neither can say: a bigint, a circular structure
 */
export function encodeNode(message: NodeMessage): Uint8Array {
  try {
    return pack(toPlain(message, leaf) as Record<string, unknown>);
  } catch (cause) {
    throw new BridgeError("INVALID_ARGUMENT", `cannot be said to other Node hosts: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** What came of the bytes. */
export type DecodedNode =
  | { readonly kind: "message"; readonly message: NodeMessage }
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejected: Rejected; readonly hostId: string | undefined };

function list(fields: Fields, key: string): readonly unknown[] {
  const value = fields.get(key);
  if (!Array.isArray(value)) {
    throw new Refusal("wrong_type", `${key} is ${quote(value)}, not a list`);
  }
  return value;
}

function host(fields: Fields, key: string): string {
  const value = fields.string(key);
  if (!/^[0-9a-f]{32}$/.test(value)) {
    throw new Refusal("wrong_type", `${key} is ${quote(value)}, not 32 hex digits`);
  }
  return value;
}

function readMessage(fields: Fields): NodeMessage | undefined {
  const from = host(fields, "from");
  const request = () => ({ from, id: fields.whole("id"), namespace: fields.namespace() });
  const answer = () => ({ from, to: host(fields, "to"), id: fields.whole("id") });
  const type = fields.string("type");
  switch (type) {
    case "hello":
    case "beat":
      return {
        type,
        from,
        isHost: fields.flag("isHost"),
        interval: fields.whole("interval"),
        python: fields.get("python") === null ? null : fields.whole("python"),
      };
    case "bye":
      return { type, from };
    case "fetch":
      return { type, ...request(), rooms: fields.strings("rooms"), except: fields.strings("except") };
    case "rooms":
      return { type, ...request() };
    case "event":
      return { type, ...request(), args: list(fields, "args"), isAcknowledged: fields.flag("isAcknowledged") };
    case "session":
      return { type, ...request(), pid: fields.string("pid"), offset: fields.string("offset") };
    case "sessions":
      return { type, from, namespace: fields.namespace(), items: list(fields, "items") };
    case "reply":
      return {
        type,
        ...answer(),
        part: fields.whole("part"),
        isLast: fields.flag("isLast"),
        items: list(fields, "items"),
      };
    case "count":
      return { type, ...answer(), clients: fields.whole("clients") };
    case "answer":
      return { type, ...answer(), number: fields.whole("number"), args: list(fields, "args") };
    default:
      return undefined;
  }
}

/** What buses say to themselves, a proof of life or a probe, is JSON on every channel, and no business of hosts. */
const JSON_OBJECT = "{".charCodeAt(0);

function refuse(rejected: Rejected, hostId?: string): DecodedNode {
  return { kind: "rejected", rejected, hostId };
}

/**
 * Reads one message of the side channel. Never throws.
 *
 * @param maxSize - bytes; more than that is refused unread
 */
export function decodeNode(payload: Uint8Array, maxSize: number): DecodedNode {
  if (payload.byteLength > maxSize) {
    return refuse({
      reason: "too_large",
      detail: `${payload.byteLength} bytes, and ${maxSize} is the most that is read`,
    });
  }
  if (payload[0] === JSON_OBJECT) {
    return { kind: "ignored" };
  }
  const unpacked = unpack(payload, maxSize);
  if ("rejected" in unpacked) {
    return refuse(unpacked.rejected);
  }
  const { value, mayBeUnsafe, exact } = unpacked;
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    return refuse({ reason: "not_object", detail: quote(value) });
  }
  const fields = new Fields(value as Record<string, unknown>, exact);
  const from = fields.name("from");
  const unsafe = mayBeUnsafe ? findUnsafeKey(value) : undefined;
  if (unsafe !== undefined) {
    return refuse(unsafe, from);
  }
  try {
    const message = readMessage(fields);
    return message === undefined ? { kind: "ignored" } : { kind: "message", message };
  } catch (error) {
    if (error instanceof Refusal) {
      return refuse(error.rejected, from);
    }
    throw error;
  }
}
