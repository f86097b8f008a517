import { BridgeError } from "../../errors.js";
import { quote } from "../../util/quote.js";

/**
 * What Node hosts send each other on the side channel `<channel>.node`, which Python hosts neither read nor write. Each
 * message is one MessagePack map with these keys. Types and keys that a release does not know are ignored.
 */
export type SideChannelMessage =
  | PresenceMessage
  | ByeMessage
  | RequestMessage
  | ReplyMessage
  | AckCountMessage
  | AckMessage
  | ExportedSessionsMessage
  | GroupMessage;

interface FromHost {
  /** The sender's host id: 32 hex digits. */
  readonly from: string;
}

/** `hello` announces a host and asks the others for a `heartbeat`, which they also send at an interval. */
export interface PresenceMessage extends FromHost {
  readonly type: "hello" | "heartbeat";
  /** False for an emitter that waits for acknowledgements: it has no clients, and is not counted. */
  readonly isHost: boolean;
  /** Milliseconds between two heartbeats. */
  readonly interval: number;
  /** Milliseconds since the sender last received a message of a Python host; null for never. */
  readonly pythonSeenAgo: number | null;
  /** Groups that the sender has joined. A host that has joined none leaves the key out. */
  readonly groups?: readonly string[];
}

/** The sender is closing. */
export interface ByeMessage extends FromHost {
  readonly type: "bye";
}

/** Every host replies, in one `reply` or several parts. */
export type RequestMessage = FetchSocketsMessage | AllRoomsMessage | ServerSideEmitMessage | TransferSessionMessage;

interface RequestFields extends FromHost {
  /** The sender's number for the request. */
  readonly id: number;
  readonly namespace: string;
}

/** `fetchSockets()`: the reply has a `RemoteSocketDetails` for each client. */
export interface FetchSocketsMessage extends RequestFields {
  readonly type: "fetch_sockets";
  /** Empty for everyone. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
}

/** `allRooms()`: the reply has their names. */
export interface AllRoomsMessage extends RequestFields {
  readonly type: "all_rooms";
}

/** `serverSideEmit()`: the reply has the arguments of the acknowledgement, or no items if the namespace is not open. */
export interface ServerSideEmitMessage extends RequestFields {
  readonly type: "server_side_emit";
  /** The name of the event comes first. */
  readonly args: readonly unknown[];
  /** False: the sender expects no reply. */
  readonly isAcknowledged: boolean;
}

/** Events that a namespace of socket.io emits on itself (`RESERVED_EVENTS` of its namespace.js): no other host may. */
const RESERVED_SERVER_EVENTS: ReadonlySet<unknown> = new Set(["connect", "connection", "new_namespace"]);

/** Whether a host may emit that event on others with `serverSideEmit()`. */
export function isServerSideEvent(event: unknown): event is string {
  return typeof event === "string" && !RESERVED_SERVER_EVENTS.has(event);
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for an event that other hosts reject */
export function checkServerSideEvent(event: unknown): void {
  if (!isServerSideEvent(event)) {
    const reason = typeof event === "string" ? "an event of Socket.IO itself" : "not a string";
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `serverSideEmit(): ${quote(event)} is ${reason}`);
  }
}

/**
 * Connection state recovery: a client of another host has reconnected to the sender. The host that keeps its session
 * replies with that session and forgets it.
 */
export interface TransferSessionMessage extends RequestFields {
  readonly type: "transfer_session";
  /** The private session id that socket.io gave the client. */
  readonly pid: string;
  /** The offset of the last message that the client received. */
  readonly offset: string;
}

/** A closing host hands the sessions of its disconnected clients to the others. */
export interface ExportedSessionsMessage extends FromHost {
  readonly type: "exported_sessions";
  readonly namespace: string;
  readonly items: readonly unknown[];
}

/** What members of a group send each other, such as edges of one application. Only they know what it means. */
export interface GroupMessage extends FromHost {
  readonly type: "group";
  readonly group: string;
  /** The hosts it is for. */
  readonly to: readonly string[];
  readonly payload: Uint8Array;
}

interface ToHost extends FromHost {
  /** The host that sent the request or the emit. */
  readonly to: string;
  /** That host's number for it. */
  readonly id: number;
}

/** Answers a request. */
export interface ReplyMessage extends ToHost {
  readonly type: "reply";
  /** Counts from 0. */
  readonly part: number;
  readonly isLast: boolean;
  readonly items: readonly unknown[];
  /** In the last part: why items are missing. */
  readonly error?: string | undefined;
}

/** How many clients of the sender got an acknowledged emit; sent before any of their acknowledgements. */
export interface AckCountMessage extends ToHost {
  readonly type: "ack_count";
  readonly clients: number;
  /** Whether the emit is for one room, and the sender serves the client that has this name as its sid. */
  readonly isClient: boolean;
}

/** A client's acknowledgement. */
export interface AckMessage extends ToHost {
  readonly type: "ack";
  /** Counts from 1 among the acknowledgements that the sender passes on for this emit. */
  readonly sequence: number;
  readonly args: readonly unknown[];
}
