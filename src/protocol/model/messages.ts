/**
 * A room as Python knows it. Python rooms may be any hashable; integers are common (`join_room(user.id)`), and there
 * `42` and `"42"` are two rooms. Integers beyond 2^53 come as `bigint`.
 */
export type WireRoom = string | number | bigint;

/**
 * How the arguments of an emit stand in its `data`:
 *
 * - `arguments`, of python-socketio 5.15.1 and later: a list is that of the arguments, anything else is the only one
 * - `argument`, before: a list, too, is the only argument
 * - `tuple`, in a pickle: several arguments, where a list is one
 */
export type PayloadForm = "arguments" | "argument" | "tuple";

/** Most characters of an integer room, its sign among them. Python reads no integer that has more (engineio `json`). */
export const MAX_INTEGER_LENGTH = 100;

/** The payload of an emit, as it stands in the message: see `payload.ts` for what it means. */
export interface EmitPayload {
  readonly data: unknown;
  readonly form: PayloadForm;
  /**
   * `true`: `data` is a list of the value with placeholders and the attachments in base64. In MessagePack bytes stand
   * in the value itself, and this is `false`.
   */
  readonly binary: boolean;
}

/** Names whom to answer: the triple `[room, namespace, id]` of an emit with a callback. */
export interface AckTicket {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly id: number;
}

/**
 * What only Node hosts understand of an emit: the key `node`, which Python passes over as it does any that it does not
 * know. It is there only where it says something.
 */
export interface EmitExtension {
  readonly volatile?: boolean;
  readonly compress?: boolean;
  /** `true`: the only argument is null, and not missing, which are one to Python. */
  readonly null?: boolean;
  /** `true`: `data` is a list, and the only argument, in the form that python-socketio before 5.15.1 reads. */
  readonly list?: boolean;
  /**
   * The sender counts the answers, and waits for them for so many milliseconds: Node hosts answer on the side channel,
   * first with the number of their clients.
   */
  readonly ackTimeout?: number;
  /** The sender's number for it, counting from 1, if it keeps a history for clients that come back. */
  readonly sequence?: number;
}

/** `PubSubManager.emit` */
export interface EmitMessage {
  readonly method: "emit";
  readonly event: string;
  readonly payload: EmitPayload;
  readonly namespace: string;
  /** `null` is everyone in the namespace. A sid is also a room. */
  readonly rooms: readonly WireRoom[] | null;
  /** Sids that do not get it; Python never reads these as room names. */
  readonly skipSids: readonly string[];
  /** Rooms whose members do not get it: an extension that Python ignores, for Node hosts. */
  readonly exceptRooms: readonly string[];
  readonly callback: AckTicket | null;
  readonly node?: EmitExtension | undefined;
  readonly hostId: string | undefined;
}

/** An emit but for its payload. */
export type EmitEnvelope = Omit<EmitMessage, "payload">;

/** `PubSubManager._return_callback`: an answer to the host that emitted. */
export interface CallbackMessage {
  readonly method: "callback";
  readonly ticket: AckTicket;
  readonly args: readonly unknown[];
  /** The host that is answered, not the one that answers. */
  readonly hostId: string | undefined;
}

/** `PubSubManager.disconnect` */
export interface DisconnectMessage {
  readonly method: "disconnect";
  readonly sid: string;
  /** Of a Node host: the connection below is to end too, which Python leaves open for other namespaces. */
  readonly close?: boolean | undefined;
  readonly namespace: string;
  readonly hostId: string | undefined;
}

/** `PubSubManager.enter_room` and `leave_room` */
export interface MoveRoomMessage {
  readonly method: "enter_room" | "leave_room";
  readonly sid: string;
  readonly room: WireRoom;
  readonly namespace: string;
  readonly hostId: string | undefined;
}

/** `PubSubManager.close_room` */
export interface CloseRoomMessage {
  readonly method: "close_room";
  readonly room: WireRoom;
  readonly namespace: string;
  readonly hostId: string | undefined;
}

/** Whom a command among Node hosts is for. */
interface Members {
  /** `null` is everyone in the namespace. */
  readonly rooms: readonly WireRoom[] | null;
  readonly exceptRooms: readonly string[];
  readonly namespace: string;
  readonly hostId: string | undefined;
}

/**
 * Among Node hosts: everyone in some rooms enters or leaves others. It goes over the channel that the emits take, since
 * an emit after it must find it done, and brokers keep no order between two channels. Python passes over methods that it
 * does not know.
 */
export interface MoveMembersMessage extends Members {
  readonly method: "node_join" | "node_leave";
  readonly names: readonly string[];
}

/** Among Node hosts: everyone in some rooms is disconnected. */
export interface DisconnectMembersMessage extends Members {
  readonly method: "node_disconnect";
  /** Whether the connection below ends too, which may serve other namespaces. */
  readonly close: boolean;
}

/**
 * Among Node hosts that keep a history for clients that come back: a message that is like no other, from which on they
 * agree on what the messages after it are called.
 */
export interface CheckpointMessage {
  readonly method: "node_checkpoint";
  /** Counts from 1. */
  readonly number: number;
  readonly hostId: string | undefined;
}

/** What Python hosts say too. */
export type SharedMessage = EmitMessage | CallbackMessage | DisconnectMessage | MoveRoomMessage | CloseRoomMessage;

/** Everything that hosts of a fleet say to each other on the channel. */
export type Message = SharedMessage | MoveMembersMessage | DisconnectMembersMessage | CheckpointMessage;

/** Events that Socket.IO keeps for itself (socket.io-parser `RESERVED_EVENTS`). */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);

/** Why a message was refused. */
export type RejectReason =
  /** Larger than `maxMessageSize`. */
  | "too_large"
  /** Starts as a pickle does: the sender runs python-socketio < 5.14. It was not opened: see `legacyPickle`. */
  | "pickle"
  /**
   * A pickle with an opcode in it that is not one of inert data: an attack, or a sender that emits objects. Nothing was
   * made of it; a Python host before 5.14 that got it has run it.
   */
  | "unsafe_pickle"
  /** A pickle of inert data that is truncated, followed by more, holds itself, or is none that JSON could say. */
  | "bad_pickle"
  /** Neither JSON nor anything else this host reads: truncated, not UTF-8, binary. */
  | "not_json"
  /**
   * Starts as MessagePack, and is none that JSON could say: truncated, followed by more, an extension type, a key that
   * is bytes or a list.
   */
  | "not_msgpack"
  /** JSON, but not an object. */
  | "not_object"
  /** Nested deeper than Python itself could have written it. */
  | "too_deep"
  /** `__proto__` or `constructor` as a room, namespace or event; `__proto__` or `constructor.prototype` as a key. */
  | "unsafe_name"
  /** A field is missing or of the wrong type. */
  | "wrong_type"
  /** `callback` is not a triple of room, namespace and number. */
  | "bad_callback"
  /** An event that Socket.IO keeps for itself: a client would close its connection on it. */
  | "reserved_event"
  /** An attachment is not base64. */
  | "bad_base64"
  /** A placeholder names an attachment that is not there. */
  | "bad_placeholder"
  /** No such namespace on this host. */
  | "unknown_namespace"
  /** `enter_room` or `close_room` on a client's own room, which Python refuses as well. */
  | "sid_room"
  /** The parser of this server cannot encode it, or a listener of the application threw. */
  | "undeliverable";

export interface Rejection {
  readonly reason: RejectReason;
  /** What was wrong, with the operand; one line. */
  readonly detail: string;
}

/** The decimal name under which a Python room is known to Socket.IO, whose rooms are strings. */
export function roomName(room: WireRoom): string {
  return typeof room === "string" ? room : room.toString();
}
