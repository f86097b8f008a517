import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { LooksLikeSid } from "../../protocol/model/sid.js";
import { hasClient } from "./namespace.js";

/** Whom an operation is for: `BroadcastOptions` of socket.io-adapter, which leaves these fields optional. */
export interface Target {
  /** None is everyone. */
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
  /** Clients of this host alone. */
  readonly local: boolean;
  /** Milliseconds after which socket.io itself gives up; 0 for none. */
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

/** JavaScript accepts any value as a room. Only names can be sent to other hosts. */
export function roomNames(rooms: Iterable<Room>): readonly string[] {
  return [...new Set(rooms)].filter((room) => typeof room === "string");
}

/** `io.to(undefined)` is nobody. Without its room it would become everybody on other hosts, so it stays here. */
export function isLocalOnly({ rooms, local }: Target): boolean {
  return local || (rooms.size > 0 && roomNames(rooms).length === 0);
}

/** Whether a name is that of a client, judging by its form. A room with clients of this host is not a sid, whatever its form. */
export function isSid(adapter: Adapter, name: string, looksLikeSid: LooksLikeSid): boolean {
  return looksLikeSid(name) && (hasClient(adapter, name) || !adapter.rooms.has(name));
}

export function isLocalClient(adapter: Adapter, { rooms }: Target): boolean {
  const [room] = rooms;
  return rooms.size === 1 && hasClient(adapter, room as Room);
}

/** Whether it is one client that another host may have. */
export function isRemoteClient(adapter: Adapter, { rooms }: Target, looksLikeSid: LooksLikeSid): boolean {
  const [room] = roomNames(rooms);
  return room !== undefined && rooms.size === 1 && isSid(adapter, room, looksLikeSid) && !hasClient(adapter, room);
}
