import { roomName, type WireRoom } from "./messages.js";
import type { OutgoingCommand, OutgoingMessage } from "./outgoing.js";

/** Who sends `socketsJoin()`, `socketsLeave()` or `disconnectSockets()`, and which clients it is for. */
export interface RoomCommandTarget {
  readonly namespace: string;
  readonly hostId: string;
  /** Rooms and sids, by the names that Node hosts know; empty for everyone in the namespace. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
  looksLikeSid(name: string): boolean;
  /** Whether the sender knows it for a room, whatever its form: it serves members of it. */
  isRoom(name: string): boolean;
  /** Whether the sender serves that client itself, so that no other host needs to hear of it. */
  isLocalClient(sid: string): boolean;
  toPythonRoom(room: WireRoom): WireRoom;
}

export interface RoomCommand {
  /** In the order in which they are to be published. */
  readonly messages: readonly OutgoingMessage[];
  /** Clients of Python hosts stay as they are: Python reads these operations for a sid, and not for a room. */
  readonly isForNodeOnly: boolean;
}

export const NOTHING: RoomCommand = { messages: [], isForNodeOnly: false };

const forPython = (message: OutgoingCommand): OutgoingCommand => ({ ...message, isForPython: true });

/** The two forms of an operation: Python's methods for one client, and those of Node hosts for the members of rooms. */
interface Forms {
  forClient(sid: string): readonly OutgoingCommand[];
  forMembers(members: {
    readonly rooms: readonly string[] | null;
    readonly exceptRooms: readonly string[];
  }): OutgoingMessage;
}

/**
 * What looks like the sid of a client may be a room, and nobody can tell: Python hosts answer no questions. So both forms
 * are sent. Node hosts take the one for members, where a client is a member of the room of its own sid, and Python hosts
 * the one for a client, which does nothing where nobody has that sid.
 */
function buildCommand(target: RoomCommandTarget, { forClient, forMembers }: Forms): RoomCommand {
  const { rooms, except, looksLikeSid, isRoom, isLocalClient } = target;
  const areSids = (names: readonly string[]) => names.every((name) => looksLikeSid(name) && !isRoom(name));
  if (rooms.length > 0 && rooms.every(isLocalClient)) {
    return NOTHING;
  }
  // Python cannot tell whether a client is in an excepted room.
  const sids = areSids(except)
    ? rooms.filter((name) => looksLikeSid(name) && !isLocalClient(name) && !except.includes(name))
    : [];
  const members = forMembers({ rooms: rooms.length === 0 ? null : rooms, exceptRooms: except });
  const clients = sids.flatMap(forClient).map(forPython);
  return { messages: [members, ...clients], isForNodeOnly: rooms.length === 0 || !areSids([...rooms, ...except]) };
}

/** @param pythonRooms - of the rooms, those that Python's methods for one client are for */
function moveCommand(
  target: RoomCommandTarget,
  methods: { readonly client: "enter_room" | "leave_room"; readonly members: "node_join" | "node_leave" },
  rooms: readonly WireRoom[],
  pythonRooms = rooms,
): RoomCommand {
  const { namespace, hostId, toPythonRoom } = target;
  const sender = { namespace, hostId };
  return rooms.length === 0
    ? NOTHING
    : buildCommand(target, {
        forClient: (sid) =>
          pythonRooms.map((room) => ({ method: methods.client, sid, room: toPythonRoom(room), ...sender })),
        forMembers: (members) => ({ method: methods.members, names: rooms.map(roomName), ...members, ...sender }),
      });
}

/** `socketsJoin(rooms)` */
export function joinCommand(target: RoomCommandTarget, rooms: readonly WireRoom[]): RoomCommand {
  return moveCommand(target, { client: "enter_room", members: "node_join" }, rooms);
}

type Sender = Pick<RoomCommandTarget, "namespace" | "hostId" | "looksLikeSid" | "toPythonRoom">;

/**
 * Python's `close_room`. If that is the room of a client's own sid, python-socketio from 5.17 on refuses, and earlier
 * releases take the client out, so that an emit to its sid is lost: it is put back at once.
 */
export function closeRoomMessages(
  { namespace, hostId, looksLikeSid, toPythonRoom }: Sender,
  room: WireRoom,
): readonly OutgoingCommand[] {
  const sender = { namespace, hostId };
  const name = roomName(room);
  const closing = { method: "close_room", room: toPythonRoom(room), ...sender } as const;
  return looksLikeSid(name)
    ? [closing, { method: "enter_room", sid: name, room: name, ...sender, isForPython: true }]
    : [closing];
}

/** `socketsLeave(rooms)`. Where everyone in a room leaves that room, this is Python's `close_room`. */
export function leaveCommand(target: RoomCommandTarget, rooms: readonly WireRoom[]): RoomCommand {
  const { looksLikeSid, isLocalClient } = target;
  const isClosed = (room: WireRoom) =>
    target.except.length === 0 &&
    (target.rooms.length === 0 || target.rooms.includes(roomName(room))) &&
    !isLocalClient(roomName(room));
  const mayBeSid = (room: WireRoom) => looksLikeSid(roomName(room));
  const closings = rooms.filter((room) => isClosed(room) && !mayBeSid(room));
  // On Node hosts its members leave it: they do not close a room that is one's own sid, whoever else is in it.
  const pythonClosings = rooms.filter((room) => isClosed(room) && mayBeSid(room));
  const others = rooms.filter((room) => !isClosed(room));
  const methods = { client: "leave_room", members: "node_leave" } as const;
  const left = moveCommand(target, methods, [...others, ...pythonClosings], others);
  const close = (room: WireRoom) => closeRoomMessages(target, room);
  return {
    messages: [...closings.flatMap(close), ...left.messages, ...pythonClosings.flatMap(close).map(forPython)],
    isForNodeOnly: left.isForNodeOnly && others.length > 0,
  };
}

/**
 * `disconnectSockets(close)`
 *
 * @param close - whether the connection ends as well, which may serve other namespaces; Python hosts leave it open
 */
export function disconnectCommand(target: RoomCommandTarget, close: boolean): RoomCommand {
  const sender = { namespace: target.namespace, hostId: target.hostId };
  return buildCommand(target, {
    forClient: (sid) => [{ method: "disconnect", sid, ...sender }],
    // Plain JavaScript passes anything as `close`, as to socket.io.
    forMembers: (members) => ({ method: "node_disconnect", close: Boolean(close), ...members, ...sender }),
  });
}
