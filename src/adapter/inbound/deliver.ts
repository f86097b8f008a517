import { Adapter, type BroadcastOptions, type Room, type SocketId } from "socket.io-adapter";
import {
  type CloseRoomMessage,
  type DisconnectMembersMessage,
  type DisconnectMessage,
  type EmitMessage,
  type MoveMembersMessage,
  type MoveRoomMessage,
  roomName,
} from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { decodePayload } from "../../protocol/payload.js";
import { quote } from "../../util/quote.js";
import { exceptionsOf, hasRecipient, recipientsOf } from "../clients/recipients.js";
import type { Audience } from "../recovery/history.js";
import type { AckReplies } from "./ack-replies.js";
import type { OwedAcks } from "./owed-acks.js";

/** Socket.IO packet type EVENT (socket.io-protocol). */
export const EVENT = 2;

/** What another host can ask of this one. */
export type Delivery =
  | EmitMessage
  | DisconnectMessage
  | MoveRoomMessage
  | CloseRoomMessage
  | MoveMembersMessage
  | DisconnectMembersMessage;

/** What delivery needs of the host around it. */
export interface DeliveryContext {
  readonly owedAcks: OwedAcks;
  /** Where acknowledgements go, if the other host asked for any. */
  readonly ackReplies: AckReplies | undefined;
  /** Set where clients can come back to what they missed. @returns what recipients have as their offset */
  readonly remember: ((message: EmitMessage, audience: Omit<Audience, "namespace">) => string) | undefined;
  /** Set when somebody watches. */
  readonly observe: ((message: EmitMessage, args: readonly unknown[]) => void) | undefined;
}

/** Everything below stays on this host: `local` keeps the adapter from publishing it again. */
const LOCAL = { local: true } as const;

/** Name and arguments of an event, as clients get them. */
export function decodeEvent({ event, payload, node }: EmitMessage): unknown[] | { readonly rejection: Rejection } {
  const decoded = decodePayload(payload);
  if ("rejection" in decoded) {
    return decoded;
  }
  const { args } = decoded;
  return node?.null === true && args.length === 0 ? [event, null] : [event, ...args];
}

const NONE: ReadonlySet<string> = new Set();

/** One for all that are empty: what clients may have missed is kept, and most of it excepts nobody. */
const setOf = (names: readonly string[]): ReadonlySet<string> => (names.length === 0 ? NONE : new Set(names));

/** As with socket.io itself, an emit that is volatile or waits for answers is not recovered. */
const isRecoverable = ({ node, callback }: EmitMessage): boolean => node?.volatile !== true && callback === null;

/** `PubSubManager._handle_emit` */
function deliverEmit(adapter: Adapter, message: EmitMessage, context: DeliveryContext): Rejection | undefined {
  const rooms = new Set(message.rooms?.map(roomName));
  const audience = { rooms, skipSids: setOf(message.skipSids), except: setOf(message.exceptRooms) };
  const offset = isRecoverable(message) ? context.remember?.(message, audience) : undefined;
  const reached = hasRecipient(adapter, rooms);
  if (!reached && context.observe === undefined) {
    return undefined;
  }
  const data = decodeEvent(message);
  if ("rejection" in data) {
    return data.rejection;
  }
  context.observe?.(message, data.slice(1));
  if (!reached) {
    return undefined;
  }
  const packet: EventPacket = { type: EVENT, data: offset === undefined ? data : [...data, offset] };
  const except = exceptionsOf(adapter, message);
  const { node } = message;
  const target = {
    rooms,
    except,
    flags: {
      ...LOCAL,
      ...(node?.volatile === undefined ? {} : { volatile: node.volatile }),
      ...(node?.compress === undefined ? {} : { compress: node.compress }),
    },
  };
  if (context.ackReplies === undefined) {
    // Not that of this package's adapter, which would publish or remember it.
    Adapter.prototype.broadcast.call(adapter, packet, target);
  } else {
    deliverWithCallback(adapter, packet, target, context.owedAcks, context.ackReplies);
  }
  return undefined;
}

export interface EventPacket {
  readonly type: typeof EVENT;
  /** Name and arguments. */
  readonly data: readonly unknown[];
  /** Set by the in-memory adapter: one number for all recipients. */
  id?: number;
}

function deliverWithCallback(
  adapter: Adapter,
  packet: EventPacket,
  target: BroadcastOptions & { readonly except: Set<Room> },
  owedAcks: OwedAcks,
  answers: AckReplies,
): void {
  // socket.io calls this with the client's socket as `this`.
  function onAnswer(this: { readonly id: SocketId }, ...args: unknown[]): void {
    owedAcks.settle(this.id, packet.id as number);
    answers.sendAck(args);
  }
  const asked = [...recipientsOf(adapter, target)];
  adapter.broadcastWithAck(packet, target, (clients) => answers.sendCount(clients), onAnswer);
  for (const sid of asked) {
    owedAcks.add(sid, packet.id as number, answers.deadline);
  }
}

/** A client's own room cannot be entered by others or closed: python-socketio raises there. */
function refuseSidRoom(adapter: Adapter, room: Room, sid?: SocketId): Rejection | undefined {
  return room !== sid && adapter.nsp.sockets.has(room)
    ? { reason: "sid_room", detail: `${quote(room)} is the room of that client alone` }
    : undefined;
}

/** `PubSubManager._handle_enter_room` and `_handle_leave_room` */
function moveClient(adapter: Adapter, message: MoveRoomMessage): Rejection | undefined {
  if (!adapter.nsp.sockets.has(message.sid)) {
    return undefined;
  }
  const room = roomName(message.room);
  const target = { rooms: new Set([message.sid]), except: new Set<Room>(), flags: LOCAL };
  if (message.method === "leave_room") {
    adapter.delSockets(target, [room]);
    return undefined;
  }
  const refused = refuseSidRoom(adapter, room, message.sid);
  if (refused === undefined) {
    adapter.addSockets(target, [room]);
  }
  return refused;
}

/** `PubSubManager._handle_close_room` */
function closeRoom(adapter: Adapter, message: CloseRoomMessage): Rejection | undefined {
  const room = roomName(message.room);
  const refused = refuseSidRoom(adapter, room);
  if (refused === undefined) {
    adapter.delSockets({ rooms: new Set([room]), except: new Set(), flags: LOCAL }, [room]);
  }
  return refused;
}

/** `PubSubManager._handle_disconnect`: leaves the namespace; the connection below may serve others. */
function disconnectClient(adapter: Adapter, message: DisconnectMessage): undefined {
  adapter.nsp.sockets.get(message.sid)?.disconnect(message.close);
}

function targetOf({ rooms, exceptRooms }: MoveMembersMessage | DisconnectMembersMessage): BroadcastOptions {
  return { rooms: new Set(rooms?.map(roomName)), except: new Set(exceptRooms), flags: LOCAL };
}

/** `socketsJoin()` and `socketsLeave()` of another Node host. */
function moveMembers(adapter: Adapter, message: MoveMembersMessage): undefined {
  const move = message.method === "node_join" ? adapter.addSockets : adapter.delSockets;
  move.call(adapter, targetOf(message), [...message.names]);
}

/**
 * Does on this host what another host asked for.
 *
 * @returns why it was refused; nothing was done then
 */
export function deliver(adapter: Adapter, message: Delivery, context: DeliveryContext): Rejection | undefined {
  switch (message.method) {
    case "emit":
      return deliverEmit(adapter, message, context);
    case "enter_room":
    case "leave_room":
      return moveClient(adapter, message);
    case "close_room":
      return closeRoom(adapter, message);
    case "disconnect":
      return disconnectClient(adapter, message);
    case "node_join":
    case "node_leave":
      return moveMembers(adapter, message);
    case "node_disconnect":
      adapter.disconnectSockets(targetOf(message), message.close);
      return undefined;
    default:
      return message satisfies never;
  }
}
