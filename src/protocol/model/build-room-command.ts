import { roomName, type WireRoom } from "./messages.js";
import type { OutgoingMessage } from "./outgoing.js";

/** Who sends `socketsJoin()`, `socketsLeave()` or `disconnectSockets()`, and which clients it is for. */
export interface RoomCommandTarget {
  readonly namespace: string;
  readonly hostId: string;
  /** Rooms and sids, by the names that Node hosts know; empty for everyone in the namespace. */
  readonly rooms: readonly string[];
  readonly except: readonly string[];
  isSid(name: string): boolean;
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

/** The two forms of an operation: Python's methods for one client, and those of Node hosts for the members of rooms. */
interface Forms {
  forClient(sid: string): readonly OutgoingMessage[];
  forMembers(members: {
    readonly rooms: readonly string[] | null;
    readonly exceptRooms: readonly string[];
  }): OutgoingMessage;
}

/**
 * Clients that are named by their sid are told in Python's methods, which every host understands. Rooms, everyone, and
 * everyone but the members of a room take the methods of Node hosts.
 */
function buildCommand({ rooms, except, isSid, isLocalClient }: RoomCommandTarget, forms: Forms): RoomCommand {
  const areSids = (names: readonly string[]) => names.every(isSid);
  const clients = areSids(except)
    ? rooms.filter((name) => isSid(name) && !isLocalClient(name) && !except.includes(name))
    : [];
  const messages = clients.flatMap((sid) => forms.forClient(sid));
  if (rooms.length > 0 && areSids([...rooms, ...except])) {
    return { messages, isForNodeOnly: false };
  }
  const members = forms.forMembers({ rooms: rooms.length === 0 ? null : rooms, exceptRooms: except });
  return { messages: [members, ...messages], isForNodeOnly: true };
}

function moveCommand(
  target: RoomCommandTarget,
  methods: { readonly client: "enter_room" | "leave_room"; readonly members: "node_join" | "node_leave" },
  rooms: readonly WireRoom[],
): RoomCommand {
  const { namespace, hostId, toPythonRoom } = target;
  const sender = { namespace, hostId };
  return rooms.length === 0
    ? NOTHING
    : buildCommand(target, {
        forClient: (sid) => rooms.map((room) => ({ method: methods.client, sid, room: toPythonRoom(room), ...sender })),
        forMembers: (members) => ({ method: methods.members, names: rooms.map(roomName), ...members, ...sender }),
      });
}

/** `socketsJoin(rooms)` */
export function joinCommand(target: RoomCommandTarget, rooms: readonly WireRoom[]): RoomCommand {
  return moveCommand(target, { client: "enter_room", members: "node_join" }, rooms);
}

/** `socketsLeave(rooms)`. Where everyone in a room leaves that room, this is Python's `close_room`. */
export function leaveCommand(target: RoomCommandTarget, rooms: readonly WireRoom[]): RoomCommand {
  const { namespace, hostId, toPythonRoom } = target;
  const isClosed = (room: WireRoom) =>
    target.except.length === 0 &&
    (target.rooms.length === 0 || target.rooms.includes(roomName(room))) &&
    !target.isSid(roomName(room));
  const closings = rooms
    .filter(isClosed)
    .map((room) => ({ method: "close_room", room: toPythonRoom(room), namespace, hostId }) as const);
  const others = rooms.filter((room) => !isClosed(room));
  const { messages, isForNodeOnly } = moveCommand(target, { client: "leave_room", members: "node_leave" }, others);
  return { messages: [...closings, ...messages], isForNodeOnly };
}

/**
 * `disconnectSockets(close)`
 *
 * @param close - whether the connection ends as well, which may serve other namespaces; Python hosts leave it open
 */
export function disconnectCommand(target: RoomCommandTarget, close: boolean): RoomCommand {
  // Plain JavaScript passes anything here, as to socket.io.
  const sender = { close: Boolean(close), namespace: target.namespace, hostId: target.hostId };
  return buildCommand(target, {
    forClient: (sid) => [{ method: "disconnect", sid, ...sender }],
    forMembers: (members) => ({ method: "node_disconnect", ...members, ...sender }),
  });
}
