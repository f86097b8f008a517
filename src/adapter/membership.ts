import type { Adapter, Room, SocketId } from "socket.io-adapter";

/** Whom something is for, by names of rooms; a sid is one of them. */
export interface Recipients {
  /** None is everyone. */
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
}

/** Whether any client of this host is in one of the rooms; none is everyone. */
export function hasMember(adapter: Adapter, rooms: Iterable<Room>): boolean {
  let isForAll = true;
  for (const room of rooms) {
    if (adapter.rooms.has(room)) {
      return true;
    }
    isForAll = false;
  }
  return isForAll && adapter.sids.size > 0;
}

const NOBODY: ReadonlySet<SocketId> = new Set();

function membersOfAny(adapter: Adapter, rooms: ReadonlySet<Room>): ReadonlySet<SocketId> {
  const [room] = rooms;
  if (rooms.size === 1) {
    return adapter.rooms.get(room as Room) ?? NOBODY;
  }
  const all = new Set<SocketId>();
  for (const room of rooms) {
    for (const sid of adapter.rooms.get(room) ?? []) {
      all.add(sid);
    }
  }
  return all;
}

/** The clients of this host that are meant, each once. Rooms may change on the way, as with Socket.IO itself. */
export function* members(adapter: Adapter, { rooms, except }: Recipients): Generator<SocketId> {
  const excepted = membersOfAny(adapter, except);
  for (const sid of rooms.size === 0 ? adapter.sids.keys() : membersOfAny(adapter, rooms)) {
    if (!excepted.has(sid)) {
      yield sid;
    }
  }
}
