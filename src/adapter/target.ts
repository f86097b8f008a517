import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { Dialect } from "../protocol/dialect.js";

/** A sid as Engine.IO and python-engineio make them: 20 url-safe characters; Engine.IO 3 puts the namespace before. */
const SID = /^(?:\/[^#]*#)?[\w-]{20}$/;
/** As python-engineio 3 makes them: a UUID in hexadecimal, which elsewhere is as likely the name of a room. */
const OLD_PYTHON_SID = /^[\da-f]{32}$/;

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
export function names(rooms: Iterable<Room>): readonly string[] {
  return [...new Set(rooms)].filter((room) => typeof room === "string");
}

/** io.to(undefined) is nobody, and must not become everybody where it cannot be said. */
export function isNobodyElse({ rooms, local }: Target): boolean {
  return local || (rooms.size > 0 && names(rooms).length === 0);
}

/** @param dialect - of the Python hosts; python-socketio 4 is among those of the oldest */
export function looksLikeSid(name: unknown, dialect: Dialect): boolean {
  return typeof name === "string" && (SID.test(name) || (dialect === "5.2" && OLD_PYTHON_SID.test(name)));
}

/** A sid, as far as its looks tell; a room of clients of this host is none, whatever its name looks like. */
export function isSid(adapter: Adapter, name: string, dialect: Dialect): boolean {
  return looksLikeSid(name, dialect) && (adapter.nsp.sockets.has(name) || !adapter.rooms.has(name));
}

export function isOwnClient(adapter: Adapter, { rooms }: Target): boolean {
  const [room] = rooms;
  return rooms.size === 1 && adapter.nsp.sockets.has(room);
}

/** One client that another host may have. */
export function isOneElsewhere(adapter: Adapter, { rooms }: Target, dialect: Dialect): boolean {
  const [room] = names(rooms);
  return room !== undefined && rooms.size === 1 && isSid(adapter, room, dialect) && !adapter.nsp.sockets.has(room);
}
