import type { PrivateSessionId } from "socket.io-adapter";
import { asBytes } from "../../util/bytes.js";
import { roomNames } from "../clients/target.js";
import type { Checkpoint } from "./checkpoints.js";
import type { PrivateEmit } from "./past-emit.js";
import { detachBytes, weigh } from "./weight.js";

/**
 * Bytes that count for a session of a client of this host at most: its data may refer to much that the application has
 * anyway, and that many clients share.
 */
const MAX_OWN_BYTES = 16 * 1024;

/** What socket.io persists of a client that has lost its connection. */
export interface Session {
  readonly sid: string;
  /** A secret that only server and client know. */
  readonly pid: PrivateSessionId;
  readonly rooms: readonly string[];
  readonly data: unknown;
}

/** A session and what goes with it from one host to another. */
export interface KeptSession {
  readonly session: Session;
  /** When its client disconnected, in `performance.now()` time. */
  readonly leftAt: number;
  /** Whether the client was here; then what was emitted to it alone is in the history of this host. */
  readonly isOwn: boolean;
  /** The number of the last emit of this host before its client came. */
  readonly since: number;
  /** Of another host: what was emitted to the client alone. */
  readonly privates: readonly PrivateEmit[];
  /** Of another host: a host that has received it has received what that host had. */
  readonly checkpoint: Checkpoint | undefined;
}

/** A session as it is sent on the side channel. */
export function describeSession(
  { session, leftAt }: KeptSession,
  privates: readonly PrivateEmit[],
  checkpoint: Checkpoint,
): object {
  return {
    ...session,
    checkpoint: { ...checkpoint },
    rooms: roomNames(session.rooms),
    away: Math.max(0, performance.now() - leftAt),
    privates: privates.map(({ payload, offset }) => ({ payload, offset })),
  };
}

function readPrivate(item: unknown): readonly PrivateEmit[] {
  const { payload, offset } = (item ?? {}) as Partial<Record<keyof PrivateEmit, unknown>>;
  const bytes = typeof payload === "string" ? payload : asBytes(payload);
  return bytes !== undefined && typeof offset === "string" ? [{ payload: bytes, offset }] : [];
}

function readCheckpoint(item: unknown): Checkpoint | undefined {
  const { host, number } = (item ?? {}) as Partial<Record<keyof Checkpoint, unknown>>;
  return typeof host === "string" && typeof number === "number" ? { host, number } : undefined;
}

/** Untrusted input. @param item - nobody else's: bytes in it are copied @returns undefined for what is not a session */
export function readSession(item: unknown): KeptSession | undefined {
  const { sid, pid, rooms, data, away, privates, checkpoint: sent } = (item ?? {}) as Record<string, unknown>;
  const checkpoint = readCheckpoint(sent);
  const isSession = typeof sid === "string" && typeof pid === "string" && Array.isArray(rooms);
  if (!isSession || checkpoint === undefined || typeof away !== "number" || !(away >= 0) || !Array.isArray(privates)) {
    return undefined;
  }
  // A view would keep the whole message that the session came in.
  return detachBytes({
    session: { sid, pid, rooms: roomNames(rooms), data },
    leftAt: performance.now() - away,
    isOwn: false,
    since: 0,
    privates: privates.flatMap(readPrivate),
    checkpoint,
  });
}

export interface SessionLimits {
  readonly maxSessions: number;
  /** Most bytes of memory that all of them may take. */
  readonly maxBytes: number;
  /** Milliseconds for which a session is kept. */
  readonly maxAge: number;
}

/** Sessions of disconnected clients, the one that left last at the end. */
export class Sessions {
  readonly #limits: SessionLimits;
  readonly #byPid = new Map<PrivateSessionId, { readonly kept: KeptSession; readonly weight: number }>();
  #bytes = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get own(): readonly KeptSession[] {
    this.sweep();
    return [...this.#byPid.values()].map(({ kept }) => kept).filter(({ isOwn }) => isOwn);
  }

  /** Does nothing where a newer one of the same client is kept. The oldest make room. */
  keep(kept: KeptSession): void {
    const { maxSessions, maxBytes } = this.#limits;
    const { pid } = kept.session;
    if ((this.#byPid.get(pid)?.kept.leftAt ?? Number.NEGATIVE_INFINITY) > kept.leftAt) {
      return;
    }
    this.delete(pid);
    const weight = kept.isOwn ? Math.min(weigh(kept, MAX_OWN_BYTES), MAX_OWN_BYTES) : weigh(kept, maxBytes);
    if (weight > maxBytes) {
      return;
    }
    this.#byPid.set(pid, { kept, weight });
    this.#bytes += weight;
    for (const oldest of this.#byPid.keys()) {
      if (this.#byPid.size <= maxSessions && this.#bytes <= maxBytes) {
        break;
      }
      this.delete(oldest);
    }
  }

  get(pid: PrivateSessionId): KeptSession | undefined {
    const kept = this.#byPid.get(pid)?.kept;
    return kept === undefined || this.#hasExpired(kept) ? undefined : kept;
  }

  delete(pid: PrivateSessionId): void {
    this.#bytes -= this.#byPid.get(pid)?.weight ?? 0;
    this.#byPid.delete(pid);
  }

  /** Call now and then: drops those that have expired. */
  sweep(): void {
    for (const [pid, { kept }] of this.#byPid) {
      if (this.#hasExpired(kept)) {
        this.delete(pid);
      }
    }
  }

  #hasExpired({ leftAt }: KeptSession): boolean {
    return performance.now() - leftAt > this.#limits.maxAge;
  }
}
