import type { Socket } from "socket.io";
import type { Adapter, Room, SocketId } from "socket.io-adapter";
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
import { clientsHere } from "../clients/local-operations.js";
import { clientOf, hasClient } from "../clients/namespace.js";
import type { Recipients } from "../clients/recipients.js";
import type { Reporter } from "../reporting/reporter.js";

export type RoomCommandMessage =
  | DisconnectMessage
  | MoveRoomMessage
  | CloseRoomMessage
  | MoveMembersMessage
  | DisconnectMembersMessage;

/** Applies something to each client of a target. */
type Each = (target: Recipients, apply: (client: Socket) => void) => void;

/**
 * Applies a command of another host to the clients of this one. Handlers of the application run meanwhile, such as those
 * of `disconnect`; what they throw is reported, does not reject the command, and the next client follows.
 *
 * @returns why it is rejected; nothing was done then
 */
export function applyCommand(adapter: Adapter, message: RoomCommandMessage, reporter: Reporter): Rejection | undefined {
  const onThrown = (error: unknown) => reporter.threw("a handler that a command of another host ran", error);
  const each: Each = (target, apply) => {
    for (const client of clientsHere(adapter, target)) {
      callApplication(() => apply(client), onThrown);
    }
  };
  switch (message.method) {
    case "enter_room":
      return enterRoom(adapter, message, each);
    case "leave_room":
      return leaveRoom(adapter, message, each);
    case "close_room":
      return closeRoom(adapter, message, each);
    case "disconnect":
      callApplication(() => clientOf(adapter, message.sid)?.disconnect(), onThrown);
      return undefined;
    case "node_join":
      each(targetOf(message), (client) => client.join([...message.names]));
      return undefined;
    case "node_leave":
      each(targetOf(message), (client) => leave(client, message.names));
      return undefined;
    case "node_disconnect":
      each(targetOf(message), (client) => client.disconnect(message.close));
      return undefined;
    default:
      return message satisfies never;
  }
}

/** `PubSubManager._handle_enter_room` */
function enterRoom(adapter: Adapter, { sid, room }: MoveRoomMessage, each: Each): Rejection | undefined {
  if (!hasClient(adapter, sid)) {
    return undefined;
  }
  const rejection = rejectSidRoom(adapter, roomName(room), sid);
  if (rejection === undefined) {
    each(clientsIn(sid), (client) => client.join(roomName(room)));
  }
  return rejection;
}

/** `PubSubManager._handle_leave_room` */
function leaveRoom(adapter: Adapter, { sid, room }: MoveRoomMessage, each: Each): undefined {
  if (hasClient(adapter, sid)) {
    each(clientsIn(sid), (client) => client.leave(roomName(room)));
  }
}

/** `PubSubManager._handle_close_room` */
function closeRoom(adapter: Adapter, message: CloseRoomMessage, each: Each): Rejection | undefined {
  const room = roomName(message.room);
  const rejection = rejectSidRoom(adapter, room);
  if (rejection === undefined) {
    each(clientsIn(room), (client) => client.leave(room));
  }
  return rejection;
}

function leave(client: Socket, rooms: readonly Room[]): void {
  for (const room of rooms) {
    void client.leave(room);
  }
}

/** A client's own room cannot be entered by others or closed: python-socketio raises there. */
function rejectSidRoom(adapter: Adapter, room: Room, sid?: SocketId): Rejection | undefined {
  return room !== sid && hasClient(adapter, room)
    ? { reason: "sid_room", detail: `${quote(room)} is the room of that client alone` }
    : undefined;
}

const clientsIn = (room: Room): Recipients => ({ rooms: new Set([room]), except: new Set() });

function targetOf({ rooms, exceptRooms }: MoveMembersMessage | DisconnectMembersMessage): Recipients {
  return { rooms: new Set(rooms?.map(roomName)), except: new Set(exceptRooms) };
}
