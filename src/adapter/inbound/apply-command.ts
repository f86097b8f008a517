import type { Adapter, BroadcastOptions, Room, SocketId } from "socket.io-adapter";
import {
  type CloseRoomMessage,
  type DisconnectMembersMessage,
  type DisconnectMessage,
  type MoveMembersMessage,
  type MoveRoomMessage,
  roomName,
} from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { callApplication } from "../../util/listeners.js";
import { quote } from "../../util/quote.js";
import { disconnectHere, joinHere, leaveHere } from "../clients/local-operations.js";
import { clientOf, hasClient } from "../clients/namespace.js";

export type RoomCommandMessage =
  | DisconnectMessage
  | MoveRoomMessage
  | CloseRoomMessage
  | MoveMembersMessage
  | DisconnectMembersMessage;

/**
 * Applies a command of another host to the clients of this one. Handlers of the application run meanwhile, such as those
 * of `disconnect`; what they throw is theirs, and does not reject the command.
 *
 * @returns why it is rejected; nothing was done then
 */
export function applyCommand(adapter: Adapter, message: RoomCommandMessage): Rejection | undefined {
  switch (message.method) {
    case "enter_room":
      return enterRoom(adapter, message);
    case "leave_room":
      return leaveRoom(adapter, message);
    case "close_room":
      return closeRoom(adapter, message);
    case "disconnect":
      return disconnectClient(adapter, message);
    case "node_join":
      callApplication(() => joinHere(adapter, targetOf(message), [...message.names]));
      return undefined;
    case "node_leave":
      callApplication(() => leaveHere(adapter, targetOf(message), [...message.names]));
      return undefined;
    case "node_disconnect":
      callApplication(() => disconnectHere(adapter, targetOf(message), message.close));
      return undefined;
    default:
      return message satisfies never;
  }
}

/** `PubSubManager._handle_enter_room` */
function enterRoom(adapter: Adapter, { sid, room }: MoveRoomMessage): Rejection | undefined {
  if (!hasClient(adapter, sid)) {
    return undefined;
  }
  const rejection = rejectSidRoom(adapter, roomName(room), sid);
  if (rejection === undefined) {
    callApplication(() => joinHere(adapter, clientsIn(sid), [roomName(room)]));
  }
  return rejection;
}

/** `PubSubManager._handle_leave_room` */
function leaveRoom(adapter: Adapter, { sid, room }: MoveRoomMessage): undefined {
  if (hasClient(adapter, sid)) {
    callApplication(() => leaveHere(adapter, clientsIn(sid), [roomName(room)]));
  }
}

/** `PubSubManager._handle_close_room` */
function closeRoom(adapter: Adapter, message: CloseRoomMessage): Rejection | undefined {
  const room = roomName(message.room);
  const rejection = rejectSidRoom(adapter, room);
  if (rejection === undefined) {
    callApplication(() => leaveHere(adapter, clientsIn(room), [room]));
  }
  return rejection;
}

/** `PubSubManager._handle_disconnect`: leaves the namespace; the connection below may serve others. */
function disconnectClient(adapter: Adapter, { sid }: DisconnectMessage): undefined {
  callApplication(() => clientOf(adapter, sid)?.disconnect());
}

/** A client's own room cannot be entered by others or closed: python-socketio raises there. */
function rejectSidRoom(adapter: Adapter, room: Room, sid?: SocketId): Rejection | undefined {
  return room !== sid && hasClient(adapter, room)
    ? { reason: "sid_room", detail: `${quote(room)} is the room of that client alone` }
    : undefined;
}

const clientsIn = (room: Room): BroadcastOptions => ({ rooms: new Set([room]), except: new Set() });

function targetOf({ rooms, exceptRooms }: MoveMembersMessage | DisconnectMembersMessage): BroadcastOptions {
  return { rooms: new Set(rooms?.map(roomName)), except: new Set(exceptRooms) };
}
