import type { Adapter, Room } from "socket.io-adapter";
import type { WireRoom } from "../../protocol/model/messages.js";
import type { OutgoingMessage } from "../../protocol/model/outgoing.js";
import type { LooksLikeSid } from "../../protocol/model/sid.js";
import { isLocalOnly, isSid, roomNames, type Target } from "./target.js";

/** What `socketsJoin()`, `socketsLeave()` or `disconnectSockets()` is for other hosts. */
export interface Command {
  readonly messages: readonly OutgoingMessage[];
  /** Members that Python hosts hold are left where they are: there only a sid can be named. */
  readonly isForNodeOnly: boolean;
}

interface Speaker {
  readonly adapter: Adapter;
  readonly hostId: string;
  readonly toPythonRoom: (room: string) => WireRoom;
  readonly looksLikeSid: LooksLikeSid;
}

const NOTHING: Command = { messages: [], isForNodeOnly: false };

/** The words of Python for one client, and those of Node hosts for everyone in some rooms. */
interface Words {
  toClient(sid: string): readonly OutgoingMessage[];
  toMembers(rooms: readonly string[] | null, exceptRooms: readonly string[]): OutgoingMessage;
}

/**
 * One client is named by its sid, in Python's words, which all hosts understand. Rooms, everyone, and everyone but the
 * members of a room are named in words of Node hosts.
 */
function command({ adapter, looksLikeSid }: Speaker, target: Target, words: Words): Command {
  if (isLocalOnly(target)) {
    return NOTHING;
  }
  const [rooms, except] = [roomNames(target.rooms), roomNames(target.except)];
  const isAnySid = (name: string) => isSid(adapter, name, looksLikeSid);
  const areSids = (some: readonly string[]) => some.every(isAnySid);
  const clients = areSids(except)
    ? rooms.filter((name) => isAnySid(name) && !adapter.nsp.sockets.has(name) && !target.except.has(name))
    : [];
  const messages = clients.flatMap((sid) => words.toClient(sid));
  if (rooms.length > 0 && areSids([...rooms, ...except])) {
    return { messages, isForNodeOnly: false };
  }
  return {
    messages: [words.toMembers(rooms.length === 0 ? null : rooms, except), ...messages],
    isForNodeOnly: true,
  };
}

function move(
  speaker: Speaker,
  methods: { readonly one: "enter_room" | "leave_room"; readonly many: "node_join" | "node_leave" },
  target: Target,
  rooms: readonly string[],
): Command {
  const { adapter, hostId, toPythonRoom } = speaker;
  const sender = { namespace: adapter.nsp.name, hostId };
  return rooms.length === 0
    ? NOTHING
    : command(speaker, target, {
        toClient: (sid) => rooms.map((room) => ({ method: methods.one, sid, room: toPythonRoom(room), ...sender })),
        toMembers: (members, exceptRooms) => ({
          method: methods.many,
          rooms: members,
          exceptRooms,
          names: rooms,
          ...sender,
        }),
      });
}

export function joinCommand(speaker: Speaker, target: Target, rooms: readonly Room[]): Command {
  return move(speaker, { one: "enter_room", many: "node_join" }, target, roomNames(rooms));
}

/** Where all who are in a room leave that room, this is Python's `close_room`, which all hosts understand. */
export function leaveCommand(speaker: Speaker, target: Target, rooms: readonly Room[]): Command {
  const { adapter, hostId, toPythonRoom, looksLikeSid } = speaker;
  const isClosed = (room: string) =>
    !isLocalOnly(target) &&
    target.except.size === 0 &&
    (target.rooms.size === 0 || target.rooms.has(room)) &&
    !isSid(adapter, room, looksLikeSid);
  const all = roomNames(rooms);
  const closings = all
    .filter(isClosed)
    .map((room) => ({ method: "close_room", room: toPythonRoom(room), namespace: adapter.nsp.name, hostId }) as const);
  const others = all.filter((room) => !isClosed(room));
  const { messages, isForNodeOnly } = move(speaker, { one: "leave_room", many: "node_leave" }, target, others);
  return { messages: [...closings, ...messages], isForNodeOnly };
}

/** @param close - whether the connection ends as well, which may serve other namespaces; Python hosts leave it open */
export function disconnectCommand(speaker: Speaker, target: Target, close: boolean): Command {
  const { adapter, hostId } = speaker;
  const sender = { namespace: adapter.nsp.name, hostId };
  return command(speaker, target, {
    toClient: (sid) => [{ method: "disconnect", sid, close, ...sender }],
    toMembers: (rooms, exceptRooms) => ({ method: "node_disconnect", rooms, exceptRooms, close, ...sender }),
  });
}
