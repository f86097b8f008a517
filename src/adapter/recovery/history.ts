import { formatOffset, messageName, type Offset, shortName, unknownMessage } from "./offset.js";

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

/** An emit that clients who are away have missed. */
export interface PastEmit extends Audience {
  /** As it went over the channel, or would have. */
  readonly payload: Uint8Array | string;
  /** What its recipients have as their offset since. */
  readonly offset: string;
  /** The short name of the host that emitted it and its number there; undefined of one that keeps no history. */
  readonly origin: { readonly host: string; readonly emit: number } | undefined;
  /** Of this host alone: no other host has heard of it. */
  readonly isPrivate: boolean;
  /** Which message of the channel it was, counted by this host; a half more than the last one read if it was none. */
  position: number;
  /** Milliseconds of this process's monotonic clock. */
  readonly at: number;
}

/** A client that comes back, as it was when it left. */
export interface DisconnectedClient {
  readonly namespace: string;
  readonly sid: string;
  readonly rooms: readonly string[];
}

interface ReadMessage {
  readonly name: string;
  /** Counted by this host. */
  readonly position: number;
  readonly at: number;
}

export interface HistoryOptions {
  readonly hostId: string;
  /** Most emits, and most names of messages, that are kept. */
  readonly maxMessages: number;
  /** Most bytes of all emits that are kept. */
  readonly maxBytes: number;
  /** Milliseconds for which they are kept. */
  readonly maxAge: number;
  /** Milliseconds of a monotonic clock. @default `performance.now` */
  readonly now?: () => number;
}

/** How much is kept of what is more than is to be kept: some less, so that lists are not moved each time. */
const KEPT = 0.9;

function isFor(emit: Audience, { namespace, sid, rooms }: DisconnectedClient): boolean {
  return (
    emit.namespace === namespace &&
    (emit.rooms.size === 0 || emit.rooms.has(sid) || rooms.some((room) => emit.rooms.has(room))) &&
    !emit.skipSids.has(sid) &&
    !emit.except.has(sid) &&
    !rooms.some((room) => emit.except.has(room))
  );
}

/**
 * What passed this host: the emits that a client may have missed, in the order in which clients here got them, and the
 * names of all messages of the channel, by which hosts agree on how far a client had come.
 *
 * A message is named by all that were read since the last mark, a message that is like no other and that each host with
 * a history writes now and then. Two hosts come to one name only if they have read the same messages in the same order.
 */
export class History {
  readonly host: string;
  readonly #options: HistoryOptions;
  readonly #now: () => number;
  readonly #emits: PastEmit[] = [];
  /** How many of `#emits` are given up, at its beginning. */
  #gone = 0;
  #bytes = 0;
  /** The messages that were read, in their order, and by name. */
  readonly #names: ReadMessage[] = [];
  readonly #read = new Map<string, ReadMessage>();
  #last = "";
  #position = 0;
  /** Own emits that have not come back over the channel. */
  readonly #underway = new Map<number, PastEmit>();
  #emitted = 0;
  /** Since when nothing is missing here. */
  #completeSince: number;
  /** The highest position of an emit that was given up. */
  #floor = 0;

  constructor(options: HistoryOptions) {
    this.host = shortName(options.hostId);
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#completeSince = this.#now();
    this.#name(unknownMessage());
  }

  /** How many emits there have been: what comes later is `after()` it. */
  get end(): number {
    return this.#gone + this.#emits.length;
  }

  /** A message came over the channel, whatever it says. */
  recordMessage(payload: Uint8Array, isMark: boolean): void {
    this.#position += 1;
    this.#name(messageName(isMark ? "" : this.#last, payload));
  }

  #name(last: string): void {
    const message = { name: last, position: this.#position, at: this.#now() };
    this.#last = last;
    this.#names.push(message);
    this.#read.set(last, message);
    const { maxMessages } = this.#options;
    if (this.#names.length > maxMessages) {
      this.#forget(this.#names.length - Math.floor(maxMessages * KEPT));
    }
  }

  /** Messages were lost, or may have been: who was away at the time cannot be told what. */
  interrupted(): void {
    this.#read.clear();
    this.#names.length = 0;
    this.#gone = this.end;
    this.#emits.length = 0;
    this.#underway.clear();
    this.#bytes = 0;
    this.#completeSince = this.#now();
    this.#name(unknownMessage());
  }

  /** @returns the number that the next emit of this host goes by */
  nextEmit(): number {
    this.#emitted += 1;
    return this.#emitted;
  }

  /** @param origin - who emitted it, and its number there, if it was given one @returns the offset of its recipients */
  addForeign(
    audience: Audience,
    payload: Uint8Array,
    origin?: { readonly hostId: string; readonly emit: number },
  ): string {
    return this.#add(audience, {
      // A copy: buses hand out parts of larger buffers. Of Node's pool where it is small.
      payload: Buffer.from(payload),
      origin: origin && { host: shortName(origin.hostId), emit: origin.emit },
      isPrivate: false,
      position: this.#position,
    });
  }

  /** To be called before it is published. @returns the offset of its recipients */
  addOwn(audience: Audience, payload: Uint8Array | string, emit: number): string {
    const origin = { host: this.host, emit };
    const offset = this.#add(audience, { payload, origin, isPrivate: false, position: Number.POSITIVE_INFINITY });
    this.#underway.set(emit, this.#emits.at(-1) as PastEmit);
    return offset;
  }

  /** For clients of this host alone. @returns the offset of its recipients */
  addPrivate(audience: Audience, payload: Uint8Array | string): string {
    const origin = { host: this.host, emit: this.nextEmit() };
    return this.#add(audience, { payload, origin, isPrivate: true, position: this.#position + 0.5 });
  }

  /** An own emit came over the channel. */
  ownEmitReturned(emit: number): void {
    const past = this.#underway.get(emit);
    if (past !== undefined) {
      past.position = this.#position;
      this.#underway.delete(emit);
    }
  }

  /** What a client has received who has received everything up to now. */
  get offset(): string {
    return formatOffset({ message: this.#last, host: this.host, emit: this.#emitted });
  }

  /**
   * @param quietSince - milliseconds of the monotonic clock: whatever came before it, the client has received
   * @returns undefined where it cannot be told, or is not here any more
   */
  missed(absentee: DisconnectedClient, offset: Offset, quietSince: number): readonly PastEmit[] | undefined {
    const known = this.#read.get(offset.message);
    if (known === undefined) {
      // Older than what is kept, or made up. Then everything is missing that came since the client was last there.
      return this.#completeSince >= quietSince ? undefined : this.#select(absentee, ({ at }) => at >= quietSince);
    }
    return known.position < this.#floor ? undefined : this.#select(absentee, (emit) => this.isAfter(emit, offset));
  }

  /** Whether a client with that offset has not received it. */
  isAfter({ origin, position }: PastEmit, offset: Offset): boolean {
    return origin?.host === offset.host
      ? origin.emit > offset.emit
      : position > (this.#read.get(offset.message)?.position ?? Number.POSITIVE_INFINITY);
  }

  /** The number of the last emit of this host. */
  get lastEmit(): number {
    return this.#emitted;
  }

  /** What only this host can tell of. @param emit - the number of the last emit of this host that was received */
  privates(absentee: DisconnectedClient, emit: number, quietSince: number): readonly PastEmit[] {
    return this.#select(
      absentee,
      ({ isPrivate, at, origin }) => isPrivate && at >= quietSince && (origin?.emit ?? 0) > emit,
    );
  }

  /** What came after a moment, given as the `end` of that time. */
  after(end: number, absentee: DisconnectedClient): readonly PastEmit[] {
    return this.#select(absentee, () => true, Math.max(0, end - this.#gone));
  }

  /** To be called now and then: gives up what is too old. */
  sweep(): void {
    const oldest = this.#now() - this.#options.maxAge;
    const isYoung = ({ at }: { readonly at: number }) => at >= oldest;
    const [emit, message] = [this.#emits.findIndex(isYoung), this.#names.findIndex(isYoung)];
    this.#giveUp(emit === -1 ? this.#emits.length : emit);
    this.#forget(message === -1 ? this.#names.length : message);
  }

  #add(audience: Audience, emit: Omit<PastEmit, keyof Audience | "offset" | "at">): string {
    const { offset } = this;
    this.#emits.push({ ...audience, ...emit, offset, at: this.#now() });
    this.#bytes += emit.payload.length;
    const surplus = this.#emits.length - this.#options.maxMessages;
    if (surplus > 0 || this.#bytes > this.#options.maxBytes) {
      this.#makeRoom();
    }
    return offset;
  }

  #makeRoom(): void {
    const { maxMessages, maxBytes } = this.#options;
    const [most, mostBytes] = [maxMessages * KEPT, maxBytes * KEPT];
    let count = 0;
    let bytes = this.#bytes;
    while (this.#emits.length - count > most || (bytes > mostBytes && count < this.#emits.length)) {
      bytes -= this.#emits[count]?.payload.length ?? 0;
      count += 1;
    }
    this.#giveUp(count);
  }

  #giveUp(count: number): void {
    for (const emit of this.#emits.splice(0, count)) {
      this.#bytes -= emit.payload.length;
      const isUnderway = emit.position === Number.POSITIVE_INFINITY;
      this.#floor = Math.max(this.#floor, isUnderway ? this.#position + 1 : emit.position);
      this.#completeSince = Math.max(this.#completeSince, emit.at);
      if (isUnderway && emit.origin !== undefined) {
        this.#underway.delete(emit.origin.emit);
      }
    }
    this.#gone += count;
  }

  /** The oldest names. */
  #forget(count: number): void {
    for (const { name, at } of this.#names.splice(0, count)) {
      this.#read.delete(name);
      this.#completeSince = Math.max(this.#completeSince, at);
    }
  }

  #select(absentee: DisconnectedClient, wasMissed: (emit: PastEmit) => boolean, start = 0): readonly PastEmit[] {
    const missed: PastEmit[] = [];
    for (let index = start; index < this.#emits.length; index += 1) {
      const emit = this.#emits[index] as PastEmit;
      if (wasMissed(emit) && isFor(emit, absentee)) {
        missed.push(emit);
      }
    }
    return missed;
  }
}
