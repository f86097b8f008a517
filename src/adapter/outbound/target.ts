import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { LooksLikeSid } from "../../protocol/model/sid.js";

/** `socket.io-adapter` leaves these fields optional; whoever gets this does not. */
export interface Target {
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
  readonly local: boolean;
  /** Milliseconds; socket.io itself gives up after this. */
  readonly timeout: number;
}

export function normalizeTarget(options: BroadcastOptions): Target {
  return {
    rooms: options.rooms,
    except: options.except ?? new Set(),
    local: options.flags?.local === true,
    timeout: options.flags?.timeout ?? 0,
  };
}

/** JavaScript lets anything be a room; only names can be said to others. */
export function roomNames(rooms: Iterable<Room>): readonly string[] {
  return [...new Set(rooms)].filter((room) => typeof room === "string");
}

/** io.to(undefined) is nobody, and must not become everybody where it cannot be said. */
export function isLocalOnly({ rooms, local }: Target): boolean {
  return local || (rooms.size > 0 && roomNames(rooms).length === 0);
}

/** A sid, as far as its looks tell; a room of clients of this host is none, whatever its name looks like. */
export function isSid(adapter: Adapter, name: string, looksLikeSid: LooksLikeSid): boolean {
  return looksLikeSid(name) && (adapter.nsp.sockets.has(name) || !adapter.rooms.has(name));
}

export function isLocalClient(adapter: Adapter, { rooms }: Target): boolean {
  const [room] = rooms;
  return rooms.size === 1 && adapter.nsp.sockets.has(room);
}

/** One client that another host may have. */
export function isRemoteClient(adapter: Adapter, { rooms }: Target, looksLikeSid: LooksLikeSid): boolean {
  const [room] = roomNames(rooms);
  return room !== undefined && rooms.size === 1 && isSid(adapter, room, looksLikeSid) && !adapter.nsp.sockets.has(room);
}
