import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { Dialect } from "../protocol/dialect.js";

/** A sid as Engine.IO and python-engineio make them: 20 url-safe characters; Engine.IO 3 puts the namespace before. */
const SID = /^(?:\/[^#]*#)?[\w-]{20}$/;

/** As python-engineio before 4.0 makes them, below python-socketio 4: a random UUID. */
const OLD_SID = /^[\da-f]{12}4[\da-f]{3}[89ab][\da-f]{15}$/;

/** Whether a name looks like a sid of such a fleet. */
export type LooksLikeSid = (name: unknown) => boolean;

export function sidTest(dialect: Dialect): LooksLikeSid {
  const patterns = dialect === "5.2" ? [SID, OLD_SID] : [SID];
  return (name) => typeof name === "string" && patterns.some((pattern) => pattern.test(name));
}

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

/** A sid, as far as its looks tell; a room of clients of this host is none, whatever its name looks like. */
export function isSid(adapter: Adapter, name: string, looksLikeSid: LooksLikeSid): boolean {
  return looksLikeSid(name) && (adapter.nsp.sockets.has(name) || !adapter.rooms.has(name));
}

export function isOwnClient(adapter: Adapter, { rooms }: Target): boolean {
  const [room] = rooms;
  return rooms.size === 1 && adapter.nsp.sockets.has(room);
}

/** One client that another host may have. */
export function isOneElsewhere(adapter: Adapter, { rooms }: Target, looksLikeSid: LooksLikeSid): boolean {
  const [room] = names(rooms);
  return room !== undefined && rooms.size === 1 && isSid(adapter, room, looksLikeSid) && !adapter.nsp.sockets.has(room);
}
