import { BridgeError } from "../../errors.js";
import { quote } from "../../util/quote.js";
import { findUnsafeKey } from "../json/parse.js";
import { type Leaf, toJsonValue } from "../json/to-json-value.js";
import { Fields, RejectionError } from "../model/fields.js";
import type { Rejection } from "../model/messages.js";
import { leaf as exactLeaf } from "../msgpack/encode.js";
import { pack, unpack } from "../msgpack/msgpack.js";

/**
 * What Node hosts say among themselves, on a channel beside that of the fleet: Python hosts neither read nor write it.
 * Each message is one MessagePack map with these keys. Types and keys from the future are passed over.
 */
export type SideChannelMessage =
  | PresenceMessage
  | ByeMessage
  | RequestMessage
  | ReplyMessage
  | AckCountMessage
  | AckMessage
  | ExportedSessionsMessage;

interface Sent {
  /** The sender: 32 hex digits. */
  readonly from: string;
}

/** `hello` starts, and asks everyone for a `beat`; a `beat` comes at an interval. */
export interface PresenceMessage extends Sent {
  readonly type: "hello" | "heartbeat";
  /** False for an emitter that listens for acknowledgements: it has no clients, and is not counted. */
  readonly isHost: boolean;
  /** Milliseconds between two beats. */
  readonly interval: number;
  /** Milliseconds since the sender last heard a Python host, null for never. */
  readonly pythonSeenAgo: number | null;
}

export interface ByeMessage extends Sent {
  readonly type: "bye";
}

/** Answered by every host, with a `reply` of as many parts as it takes. */
export type RequestMessage = FetchSocketsMessage | AllRoomsMessage | ServerSideEmitMessage | TransferSessionMessage;

interface Request extends Sent {
  /** The sender's number for it. */
  readonly id: number;
  readonly namespace: string;
}

/** `fetchSockets()`: the reply has a `RemoteSocketDetails` for each client. */
export interface FetchSocketsMessage extends Request {
  readonly type: "fetch_sockets";
  /** None is everyone. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
}

/** `allRooms()`: the reply has their names. */
export interface AllRoomsMessage extends Request {
  readonly type: "all_rooms";
}

/** `serverSideEmit()`: the reply has the arguments of the acknowledgement, and nothing where no such namespace is open. */
export interface ServerSideEmitMessage extends Request {
  readonly type: "server_side_emit";
  /** The event's name comes first. */
  readonly args: readonly unknown[];
  /** False: no reply is expected. */
  readonly isAcknowledged: boolean;
}

/** Events that a namespace of socket.io emits on itself (`RESERVED_EVENTS` of its namespace.js): no other host may. */
export const RESERVED_SERVER_EVENTS: ReadonlySet<string> = new Set(["connect", "connection", "new_namespace"]);

/** A client has come to the sender, and says that it was there: the reply has its session, which is given away with it. */
export interface TransferSessionMessage extends Request {
  readonly type: "transfer_session";
  /** The secret by which the client is known, as socket.io gave it. */
  readonly pid: string;
  /** How far it had come. */
  readonly offset: string;
}

/** A host that closes leaves the sessions of its clients to the others. */
export interface ExportedSessionsMessage extends Sent {
  readonly type: "exported_sessions";
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
export interface AckCountMessage extends Answer {
  readonly type: "ack_count";
  readonly clients: number;
}

/** A client's acknowledgement. */
export interface AckMessage extends Answer {
  readonly type: "ack";
  /** Counts from 1 among the answers of the sender. */
  readonly sequence: number;
  readonly args: readonly unknown[];
}

/** Half a surrogate pair is no UTF-8. */
const leaf: Leaf = (value) => exactLeaf(typeof value === "string" ? value.toWellFormed() : value);

/**
 * Values become what JSON has for them, except that bytes stay bytes.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what neither can say: a bigint, a circular structure
 */
export function encodeSideChannel(message: SideChannelMessage): Uint8Array {
  try {
    return pack(toJsonValue(message, leaf) as Record<string, unknown>);
  } catch (cause) {
    throw new BridgeError(
      "BRIDGE_INVALID_ARGUMENT",
      `cannot be said to other Node hosts: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

/** What came of the bytes. */
export type DecodedSideChannel =
  | { readonly kind: "message"; readonly message: SideChannelMessage }
  | { readonly kind: "ignored" }
  | { readonly kind: "rejected"; readonly rejected: Rejection; readonly hostId: string | undefined };

function list(fields: Fields, key: string): readonly unknown[] {
  const value = fields.get(key);
  if (!Array.isArray(value)) {
    throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not a list`);
  }
  return value;
}

function host(fields: Fields, key: string): string {
  const value = fields.string(key);
  if (!/^[0-9a-f]{32}$/.test(value)) {
    throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not 32 hex digits`);
  }
  return value;
}

function readMessage(fields: Fields): SideChannelMessage | undefined {
  const from = host(fields, "from");
  const request = () => ({ from, id: fields.whole("id"), namespace: fields.namespace() });
  const answer = () => ({ from, to: host(fields, "to"), id: fields.whole("id") });
  const type = fields.string("type");
  switch (type) {
    case "hello":
    case "heartbeat":
      return {
        type,
        from,
        isHost: fields.flag("isHost"),
        interval: fields.whole("interval"),
        pythonSeenAgo: fields.get("pythonSeenAgo") === null ? null : fields.whole("pythonSeenAgo"),
      };
    case "bye":
      return { type, from };
    case "fetch_sockets":
      return { type, ...request(), rooms: fields.strings("rooms"), except: fields.strings("except") };
    case "all_rooms":
      return { type, ...request() };
    case "server_side_emit":
      return { type, ...request(), args: list(fields, "args"), isAcknowledged: fields.flag("isAcknowledged") };
    case "transfer_session":
      return { type, ...request(), pid: fields.string("pid"), offset: fields.string("offset") };
    case "exported_sessions":
      return { type, from, namespace: fields.namespace(), items: list(fields, "items") };
    case "reply":
      return {
        type,
        ...answer(),
        part: fields.whole("part"),
        isLast: fields.flag("isLast"),
        items: list(fields, "items"),
      };
    case "ack_count":
      return { type, ...answer(), clients: fields.whole("clients") };
    case "ack":
      return { type, ...answer(), sequence: fields.whole("sequence"), args: list(fields, "args") };
    default:
      return undefined;
  }
}

/** What buses say to themselves, a proof of life or a probe, is JSON on every channel, and no business of hosts. */
const JSON_OBJECT = "{".charCodeAt(0);

function refuse(rejected: Rejection, hostId?: string): DecodedSideChannel {
  return { kind: "rejected", rejected, hostId };
}

/**
 * Reads one message of the side channel. Never throws.
 *
 * @param maxSize - bytes; more than that is refused unread
 */
export function decodeSideChannel(payload: Uint8Array, maxSize: number): DecodedSideChannel {
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
    if (error instanceof RejectionError) {
      return refuse(error.rejection, from);
    }
    throw error;
  }
}
