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

/** Whether clients of this host are in that room, and it is not one's own: a room, even where its name looks like a sid. */
export function isRoom(adapter: Adapter, name: string): boolean {
  return adapter.rooms.has(name) && !hasClient(adapter, name);
}

export function isLocalClient(adapter: Adapter, { rooms }: Pick<Target, "rooms">): boolean {
  const [room] = rooms;
  return rooms.size === 1 && hasClient(adapter, room as Room);
}

/** The only room, where it may be the sid of a client of another host, judging by its form. */
export function remoteSid(adapter: Adapter, { rooms }: Target, looksLikeSid: LooksLikeSid): string | undefined {
  const [room] = roomNames(rooms);
  return room !== undefined && rooms.size === 1 && looksLikeSid(room) && !adapter.rooms.has(room) ? room : undefined;
}
