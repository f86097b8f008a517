/** Whom an emit was for. */
export interface Audience {
  readonly namespace: string;
  /** None is everyone. */
  readonly rooms: ReadonlySet<string>;
  /** Clients that did not get it. */
  readonly skipSids: ReadonlySet<string>;
  /** Rooms that did not get it; a sid is also a room. */
  readonly except: ReadonlySet<string>;
}

/** An emit that disconnected clients have missed. */
export interface PastEmit extends Audience {
  /** As it went over the channel, or would have. */
  readonly payload: Uint8Array;
  /** What its recipients have as their offset since. */
  readonly offset: string;
  /** The short name of the host that emitted it and its number there; undefined for one that keeps no history. */
  readonly origin: { readonly host: string; readonly emit: number } | undefined;
  /** For clients of this host alone: no other host has received it. */
  readonly isPrivate: boolean;
  /** Which message of the channel it was, counted by this host; a half more than the last one read if it was none. */
  position: number;
  /** Monotonic milliseconds (`performance.now()`). */
  readonly at: number;
  /** Bytes of memory that it takes, roughly. */
  readonly weight: number;
}

/** An emit that only its host knew the recipients of. */
export interface PrivateEmit extends Pick<PastEmit, "offset"> {
  readonly payload: Uint8Array | string;
}

/** A client as it was when it disconnected. */
export interface DisconnectedClient {
  readonly namespace: string;
  readonly sid: string;
  readonly rooms: readonly string[];
}

export function isFor(emit: Audience, { namespace, sid, rooms }: DisconnectedClient): boolean {
  return (
    emit.namespace === namespace &&
    (emit.rooms.size === 0 || emit.rooms.has(sid) || rooms.some((room) => emit.rooms.has(room))) &&
    !emit.skipSids.has(sid) &&
    !emit.except.has(sid) &&
    !rooms.some((room) => emit.except.has(room))
  );
}
