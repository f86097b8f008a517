import { debugLog } from "../../util/debug.js";
import { KEPT_SHARE, MessageNames } from "./message-names.js";
import { formatOffset, type Offset, shortName } from "./offset.js";
import { type Audience, type DisconnectedClient, isFor, type PastEmit } from "./past-emit.js";
import { PayloadStore } from "./payload-store.js";
import { weightOfText } from "./weight.js";

const debug = debugLog("recovery");

/** Bytes that an emit takes besides its payload and the names of whom it is for, measured. */
const EMIT_BYTES = 1_024;

export interface HistoryOptions {
  readonly hostId: string;
  /** Most emits, and most names of messages, that are kept. */
  readonly maxMessages: number;
  /** Most bytes of memory that the emits may take which are kept. */
  readonly maxBytes: number;
  /** Milliseconds for which they are kept. */
  readonly maxAge: number;
  /** Monotonic milliseconds. @default `performance.now` */
  readonly now?: () => number;
}

/**
 * The emits that disconnected clients may have missed, in the order in which clients of this host got them, and the names
 * of the channel's messages, by which hosts agree on how far a client had come.
 */
export class History {
  /** The short name of this host. */
  readonly host: string;
  readonly #options: HistoryOptions;
  readonly #now: () => number;
  readonly #names: MessageNames;
  readonly #emits: PastEmit[] = [];
  /** How many emits were dropped before the first of `#emits`. */
  #dropped = 0;
  #bytes = 0;
  readonly #payloads = new PayloadStore();
  /** Own emits that have not returned over the channel. */
  readonly #inFlight = new Map<number, PastEmit>();
  #lastEmit = 0;
  /** Since when no emit is missing here. */
  #completeSince: number;
  /** The highest position of an emit that was dropped. */
  #droppedUpTo = 0;

  constructor(options: HistoryOptions) {
    this.host = shortName(options.hostId);
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#completeSince = this.#now();
    this.#names = new MessageNames(options.maxMessages, this.#now);
  }

  /** How many emits there have been: what comes later is `after()` it. */
  get end(): number {
    return this.#dropped + this.#emits.length;
  }

  /** The number of the last emit of this host. */
  get lastEmit(): number {
    return this.#lastEmit;
  }

  /** What a client has received that has received everything up to now. */
  get offset(): string {
    return formatOffset({ message: this.#names.last, host: this.host, emit: this.#lastEmit });
  }

  /** A message came over the channel, of whatever kind. */
  recordMessage(payload: Uint8Array, isCheckpoint: boolean): void {
    this.#names.record(payload, isCheckpoint);
  }

  /** Messages were lost, or may have been: for clients that were disconnected at the time it is unknown which. */
  interrupted(): void {
    debug("interrupted: clients that are disconnected now cannot resume");
    this.#dropped = this.end;
    this.#emits.length = 0;
    this.#inFlight.clear();
    this.#bytes = 0;
    this.#completeSince = this.#now();
    this.#names.clear();
  }

  /** @returns the number of the next emit of this host */
  nextEmit(): number {
    this.#lastEmit += 1;
    return this.#lastEmit;
  }

  /**
   * @param origin - who emitted it, and its number there, if it has one
   * @returns the offset of its recipients
   */
  addForeign(
    audience: Audience,
    payload: Uint8Array,
    origin?: { readonly hostId: string; readonly emit: number },
  ): string {
    return this.#add(audience, payload, {
      origin: origin && { host: shortName(origin.hostId), emit: origin.emit },
      isPrivate: false,
      position: this.#names.position,
    });
  }

  /** Call before it is published. @returns the offset of its recipients */
  addOwn(audience: Audience, payload: Uint8Array | string, emit: number): string {
    const origin = { host: this.host, emit };
    return this.#add(audience, payload, { origin, isPrivate: false, position: Number.POSITIVE_INFINITY });
  }

  /** For clients of this host alone. @returns the offset of its recipients */
  addPrivate(audience: Audience, payload: Uint8Array | string): string {
    const origin = { host: this.host, emit: this.nextEmit() };
    return this.#add(audience, payload, { origin, isPrivate: true, position: this.#names.position + 0.5 });
  }

  /** An own emit came over the channel. */
  ownEmitReturned(emit: number): void {
    const past = this.#inFlight.get(emit);
    if (past !== undefined) {
      past.position = this.#names.position;
      this.#inFlight.delete(emit);
    }
  }

  /**
   * @param receivedUntil - monotonic milliseconds: the client has certainly received what came before it
   * @returns undefined where it is unknown or no longer kept
   */
  missed(client: DisconnectedClient, offset: Offset, receivedUntil: number): readonly PastEmit[] | undefined {
    const known = this.#names.positionOf(offset.message);
    if (known === undefined) {
      // Older than what is kept, or made up. Then everything is missing since the client was last there.
      const completeSince = Math.max(this.#completeSince, this.#names.completeSince);
      return completeSince >= receivedUntil ? undefined : this.#select(client, ({ at }) => at >= receivedUntil);
    }
    return known < this.#droppedUpTo ? undefined : this.#select(client, (emit) => this.isAfter(emit, offset));
  }

  /** Whether a client with that offset has not received it. */
  isAfter({ origin, position }: PastEmit, offset: Offset): boolean {
    return origin?.host === offset.host
      ? origin.emit > offset.emit
      : position > (this.#names.positionOf(offset.message) ?? Number.POSITIVE_INFINITY);
  }

  /** What no other host has received. @param emit - the number of the last emit of this host that the client received */
  privates(client: DisconnectedClient, emit: number, receivedUntil: number): readonly PastEmit[] {
    return this.#select(
      client,
      ({ isPrivate, at, origin }) => isPrivate && at >= receivedUntil && (origin?.emit ?? 0) > emit,
    );
  }

  /** What came after a moment, given as the `end` of that time. */
  after(end: number, client: DisconnectedClient): readonly PastEmit[] {
    return this.#select(client, () => true, Math.max(0, end - this.#dropped));
  }

  /** Call now and then: drops what is older than `maxAge`. */
  sweep(): void {
    const oldest = this.#now() - this.#options.maxAge;
    const index = this.#emits.findIndex(({ at }) => at >= oldest);
    this.#drop(index === -1 ? this.#emits.length : index);
    this.#names.dropBefore(oldest);
  }

  #add(
    audience: Audience,
    payload: Uint8Array | string,
    emit: Pick<PastEmit, "origin" | "isPrivate" | "position">,
  ): string {
    const { offset } = this;
    const copied = this.#payloads.copy(payload);
    const weight = EMIT_BYTES + copied.byteLength + weightOfAudience(audience);
    const past = { ...audience, ...emit, payload: copied, offset, weight, at: this.#now() };
    this.#emits.push(past);
    this.#bytes += weight;
    if (past.origin !== undefined && past.position === Number.POSITIVE_INFINITY) {
      this.#inFlight.set(past.origin.emit, past);
    }
    const surplus = this.#emits.length - this.#options.maxMessages;
    if (surplus > 0 || this.#bytes > this.#options.maxBytes) {
      this.#makeRoom();
    }
    return offset;
  }

  #makeRoom(): void {
    const { maxMessages, maxBytes } = this.#options;
    const [most, mostBytes] = [maxMessages * KEPT_SHARE, maxBytes * KEPT_SHARE];
    let count = 0;
    let bytes = this.#bytes;
    while (this.#emits.length - count > most || (bytes > mostBytes && count < this.#emits.length)) {
      bytes -= this.#emits[count]?.weight ?? 0;
      count += 1;
    }
    this.#drop(count);
  }

  /** The oldest ones. */
  #drop(count: number): void {
    for (const emit of this.#emits.splice(0, count)) {
      this.#bytes -= emit.weight;
      const isInFlight = emit.position === Number.POSITIVE_INFINITY;
      this.#droppedUpTo = Math.max(this.#droppedUpTo, isInFlight ? this.#names.position + 1 : emit.position);
      this.#completeSince = Math.max(this.#completeSince, emit.at);
      if (isInFlight && emit.origin !== undefined) {
        this.#inFlight.delete(emit.origin.emit);
      }
    }
    this.#dropped += count;
  }

  #select(client: DisconnectedClient, wasMissed: (emit: PastEmit) => boolean, start = 0): readonly PastEmit[] {
    const missed: PastEmit[] = [];
    for (let index = start; index < this.#emits.length; index += 1) {
      const emit = this.#emits[index] as PastEmit;
      if (wasMissed(emit) && isFor(emit, client)) {
        missed.push(emit);
      }
    }
    return missed;
  }
}

function weightOfAudience({ rooms, skipSids, except }: Audience): number {
  let weight = 0;
  for (const names of [rooms, skipSids, except]) {
    for (const name of names) {
      weight += weightOfText(name);
    }
  }
  return weight;
}
