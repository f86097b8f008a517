import type { PrivateSessionId } from "socket.io-adapter";
import { asBytes } from "../../util/bytes.js";
import { roomNames } from "../outbound/target.js";
import type { PastEmit } from "./history.js";

/** What socket.io saves of a client that has lost its connection. */
export interface Session {
  readonly sid: string;
  readonly pid: PrivateSessionId;
  readonly rooms: readonly string[];
  readonly data: unknown;
}

/** An emit that only the host knew whose client it was for. */
export type PrivateEmit = Pick<PastEmit, "payload" | "offset">;

/** Names a mark in the channel: whoever has heard it has heard all that the host of the session had. */
export interface Checkpoint {
  readonly host: string;
  readonly number: number;
}

/** A session and what goes with it from one host to another. */
export interface KeptSession {
  readonly session: Session;
  /** When its client left, in milliseconds of this process's monotonic clock. */
  readonly leftAt: number;
  /** Whether the client was here; then what was emitted to it alone is in the history of this host. */
  readonly isOwn: boolean;
  /** The number of the last emit of this host before its client came. */
  readonly since: number;
  /** Of another host, what was emitted to it alone. */
  readonly privates: readonly PrivateEmit[];
  /** Of another host. */
  readonly checkpoint: Checkpoint | undefined;
}

/** What stands for a session on the side channel. */
export function describeSession(
  { session, leftAt }: KeptSession,
  privates: readonly PrivateEmit[],
  mark: Checkpoint,
): object {
  return {
    ...session,
    checkpoint: { ...mark },
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

function readMark(item: unknown): Checkpoint | undefined {
  const { host, number } = (item ?? {}) as Partial<Record<keyof Checkpoint, unknown>>;
  return typeof host === "string" && typeof number === "number" ? { host, number } : undefined;
}

/** @returns undefined for what is no session: foreign input */
export function readSession(item: unknown): KeptSession | undefined {
  const { sid, pid, rooms, data, away, privates, checkpoint: at } = (item ?? {}) as Record<string, unknown>;
  const mark = readMark(at);
  const isSession = typeof sid === "string" && typeof pid === "string" && Array.isArray(rooms);
  if (!isSession || mark === undefined || typeof away !== "number" || !(away >= 0) || !Array.isArray(privates)) {
    return undefined;
  }
  return {
    session: { sid, pid, rooms: roomNames(rooms), data },
    leftAt: performance.now() - away,
    isOwn: false,
    since: 0,
    privates: privates.flatMap(readPrivate),
    checkpoint: mark,
  };
}

/** Sessions of clients that are away, the one that left last at the end. */
export class Sessions {
  readonly #limit: number;
  readonly #maxAge: number;
  readonly #kept = new Map<PrivateSessionId, KeptSession>();

  /** @param maxAge - milliseconds for which a session is kept */
  constructor(limit: number, maxAge: number) {
    this.#limit = limit;
    this.#maxAge = maxAge;
  }

  get own(): readonly KeptSession[] {
    this.sweep();
    return [...this.#kept.values()].filter(({ isOwn }) => isOwn);
  }

  keep(kept: KeptSession): void {
    const { pid } = kept.session;
    if ((this.#kept.get(pid)?.leftAt ?? Number.NEGATIVE_INFINITY) > kept.leftAt) {
      return;
    }
    this.#kept.delete(pid);
    this.#kept.set(pid, kept);
    if (this.#kept.size > this.#limit) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
  }

  get(pid: PrivateSessionId): KeptSession | undefined {
    const kept = this.#kept.get(pid);
    return kept === undefined || this.#isOver(kept) ? undefined : kept;
  }

  delete(pid: PrivateSessionId): void {
    this.#kept.delete(pid);
  }

  /** To be called now and then. */
  sweep(): void {
    for (const [pid, kept] of this.#kept) {
      if (this.#isOver(kept)) {
        this.#kept.delete(pid);
      }
    }
  }

  #isOver({ leftAt }: KeptSession): boolean {
    return performance.now() - leftAt > this.#maxAge;
  }
}
