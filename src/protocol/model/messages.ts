/** The messages of the channel (docs/protocol.md), with Python's spelling of keys left behind. */

/**
 * A room as Python knows it. Python rooms may be any hashable; integers are common (`join_room(user.id)`), and there
 * `42` and `"42"` are two rooms. Integers beyond 2^53 are `bigint`.
 */
export type WireRoom = string | number | bigint;

/** The decimal name of a Python room in Socket.IO, whose rooms are strings. */
export function roomName(room: WireRoom): string {
  return typeof room === "string" ? room : room.toString();
}

/**
 * What the `data` of an emit means (docs/protocol.md, "Forms of data"):
 *
 * - `argument-list`, from python-socketio 5.15.1 on: a list is the list of arguments, any other value the only one
 * - `single-argument`, before: a list, too, is the only argument
 * - `tuple`, in a pickle whose `data` is a tuple: always the list of arguments
 */
export type PayloadForm = "argument-list" | "single-argument" | "tuple";

/** The arguments of an emit as the message has them; `decodePayload` reads them. */
export interface EmitPayload {
  readonly data: unknown;
  readonly form: PayloadForm;
  /**
   * `true`: `data` is a list of the value with placeholders, then the attachments in base64. In MessagePack and pickles,
   * bytes stand in the value itself, and this is `false`.
   */
  readonly binary: boolean;
}

/**
 * The triple `[room, namespace, id]` under which the host that emits keeps a callback: the `callback` of its emit, and
 * the `sid`, `namespace` and `id` of each acknowledgement that comes back.
 */
export interface CallbackRef {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly id: number;
}

/**
 * The key `node` of an emit, which only Node hosts read. Python ignores it, as it does every key that it does not know.
 * It is present only if it has a key itself.
 */
export interface EmitExtension {
  readonly volatile?: boolean;
  readonly compress?: boolean;
  /** `true`: the only argument is null. Without it null means no argument, since Python has one `None` for both. */
  readonly null?: boolean;
  /** `true`: `data` is a list and the only argument, in the form that python-socketio before 5.15.1 reads. */
  readonly list?: boolean;
  /**
   * Milliseconds for which the sender collects and counts acknowledgements. Node hosts send them on the side channel,
   * the number of their clients first.
   */
  readonly ackTimeout?: number;
  /** The sender's number for this emit, counting from 1, if it keeps a history for connection state recovery. */
  readonly sequence?: number;
  /** A sid in `skip_sid` that Node hosts do not skip: its client gets the event from Python hosts in another message. */
  readonly unskipped?: string;
}

/** `PubSubManager.emit` */
export interface EmitMessage {
  readonly method: "emit";
  readonly event: string;
  readonly payload: EmitPayload;
  readonly namespace: string;
  /** `null` is everyone in the namespace. A sid is also a room. */
  readonly rooms: readonly WireRoom[] | null;
  /** Sids of clients that do not get it; never names of rooms. */
  readonly skipSids: readonly string[];
  /** Rooms whose members do not get it. Only Node hosts read this; Python ignores it. */
  readonly exceptRooms: readonly string[];
  readonly callback: CallbackRef | null;
  readonly node?: EmitExtension | undefined;
  readonly hostId: string | undefined;
}

/** An emit without its payload. */
export type EmitEnvelope = Omit<EmitMessage, "payload">;

/** `PubSubManager._return_callback`: an acknowledgement for the host that emitted. */
export interface CallbackMessage {
  readonly method: "callback";
  readonly callback: CallbackRef;
  readonly args: readonly unknown[];
  /** The host that emitted, not the one that sends this. */
  readonly hostId: string | undefined;
}

/** `PubSubManager.disconnect` */
export interface DisconnectMessage {
  readonly method: "disconnect";
  readonly sid: string;
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

/** The clients that a command among Node hosts applies to. */
interface Members {
  /** `null` is everyone in the namespace. */
  readonly rooms: readonly WireRoom[] | null;
  readonly exceptRooms: readonly string[];
  readonly namespace: string;
  readonly hostId: string | undefined;
}

/**
 * Among Node hosts: all members of some rooms join or leave others. It travels on the channel of the emits, because an
 * emit that follows it must find it done, and brokers keep no order between two channels. Python ignores methods that it
 * does not know.
 */
export interface MoveMembersMessage extends Members {
  readonly method: "node_join" | "node_leave";
  readonly names: readonly string[];
}

/** Among Node hosts: all members of some rooms are disconnected. */
export interface DisconnectMembersMessage extends Members {
  readonly method: "node_disconnect";
  /** Whether to close the underlying connection too, which may serve other namespaces. */
  readonly close: boolean;
}

/**
 * Among Node hosts with connection state recovery: a message unlike any other, after which all hosts give the same
 * offsets to the messages that follow.
 */
export interface CheckpointMessage {
  readonly method: "node_checkpoint";
  /** Counts from 1. */
  readonly number: number;
  readonly hostId: string | undefined;
}

/** Of a worker behind an edge: what a handler has published precedes it. Python hosts ignore it. */
export interface MarkMessage {
  readonly method: "edge_mark";
  /** Of the call that the handler ran for. */
  readonly mark: string;
  readonly hostId: string | undefined;
}

/** Every message that hosts publish on the channel; the first five are Python's too. */
export type Message =
  | EmitMessage
  | CallbackMessage
  | DisconnectMessage
  | MoveRoomMessage
  | CloseRoomMessage
  | MoveMembersMessage
  | DisconnectMembersMessage
  | CheckpointMessage
  | MarkMessage;

/** Events that Socket.IO reserves (`RESERVED_EVENTS` of socket.io-parser). */
export const RESERVED_EVENTS: ReadonlySet<string> = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
]);
