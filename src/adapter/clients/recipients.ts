import type { Adapter, Room, SocketId } from "socket.io-adapter";
import type { EmitMessage } from "../../protocol/model/messages.js";
import { hasClient } from "./namespace.js";

/** Whom a packet is for, by room names; a sid is also a room. */
export interface Recipients {
  /** None is everyone. */
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
}

/** Whether any client of this host is in one of the rooms; none is everyone. */
export function hasRecipient(adapter: Adapter, rooms: Iterable<Room>): boolean {
  let isForAll = true;
  for (const room of rooms) {
    if (adapter.rooms.has(room)) {
      return true;
    }
    isForAll = false;
  }
  return isForAll && adapter.sids.size > 0;
}

/** Python skips sids only, so a name that is not a client of this host skips nobody, whatever rooms there are. */
export function exceptionsOf(
  adapter: Adapter,
  { skipSids, exceptRooms }: Pick<EmitMessage, "skipSids" | "exceptRooms">,
): Set<Room> {
  return new Set([...skipSids.filter((sid) => hasClient(adapter, sid)), ...exceptRooms]);
}

/**
 * The clients of this host that a packet is for, each once. An outgoing listener may change rooms meanwhile; then it
 * yields whom `Adapter.apply` of socket.io-adapter would reach.
 */
export function* recipientsOf(adapter: Adapter, { rooms, except }: Recipients): Generator<SocketId> {
  /** Excepted, or had already: a client that leaves a room and rejoins it is in it once more, after the others. */
  const passed = new Set<SocketId>();
  for (const room of except) {
    for (const sid of adapter.rooms.get(room) ?? []) {
      passed.add(sid);
    }
  }
  for (const sids of rooms.size === 0 ? [adapter.sids.keys()] : sidsByRoom(adapter, rooms)) {
    for (const sid of sids) {
      if (!passed.has(sid)) {
        passed.add(sid);
        yield sid;
      }
    }
  }
}

/** One room after the other, each as it is by then. */
function* sidsByRoom(adapter: Adapter, rooms: ReadonlySet<Room>): Generator<Iterable<SocketId>> {
  for (const room of rooms) {
    yield adapter.rooms.get(room) ?? [];
  }
}
