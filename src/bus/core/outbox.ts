import { BridgeError } from "../../errors.js";
import type { DropReason } from "../bus.js";
import type { NormalizedOutage } from "../options.js";
import { ConfirmWatch } from "./confirm-watch.js";

/** @internal One message on its way to the broker. */
export interface OutgoingMessage {
  readonly channel: string;
  readonly payload: Buffer;
}

/** @internal */
export interface OutboxOptions {
  /** Milliseconds that a connection may confirm nothing before it is taken for dead. */
  readonly confirmTimeout: number;
  readonly onDropped: (reason: DropReason, count: number, bytes: number) => void;
  /** The connection is dead, whatever its state: replace it, and call `connectionLost()`. */
  readonly onUnconfirmed: () => void;
  /** More waits than the bounds allow during an outage, although there is none. Called again each time it has doubled. */
  readonly onBackpressure: (count: number, bytes: number) => void;
  /** Nothing waits any more, after `onBackpressure`: it was taken, or dropped in an outage. */
  readonly onDrained: () => void;
}

/** @internal A message in the outbox: it waits, is sent over a connection, and is then confirmed or refused. */
export interface Entry extends OutgoingMessage {
  /** Monotonic milliseconds (`performance.now()`). */
  readonly queuedAt: number;
  isSettled: boolean;
  settle(error?: BridgeError): void;
}

/** Most bytes that are sent and not confirmed, unless one message has more. After an outage they may arrive twice. */
const MAX_UNCONFIRMED_BYTES = 8 * 1024 * 1024;

/** Settled entries at the front are removed when there are this many, and as many as all others. */
const COMPACT_AT = 1_024;

const NOTHING: readonly Entry[] = [];

const NOTHING_BEFORE = { since: Number.NEGATIVE_INFINITY, count: 0, bytes: 0 };

/**
 * @internal Messages that the broker has not confirmed, in order: first those sent over the present connection, then
 * those that wait.
 *
 * The bounds of `OutageOptions` are for outages: while the broker is away, or there and confirms nothing, they hold for
 * what comes meanwhile, and drop the oldest of all first. While it takes messages, what waits is only reported. So a
 * connection that is lost for a moment costs nothing that waited because this process is faster than its broker, or was
 * busy: only the age counts for that, once there is an outage.
 */
export class Outbox {
  readonly #limits: NormalizedOutage;
  readonly #options: OutboxOptions;
  readonly #watch: ConfirmWatch;
  #entries: Entry[] = [];
  /** Before this index everything is settled. */
  #head = 0;
  /** From this index on, entries wait; those between `#head` and here were sent. */
  #waiting = 0;
  #waitingBytes = 0;
  #unconfirmedBytes = 0;
  #size = 0;
  #isFlowing = false;
  /** A first attempt to connect is none. */
  #isOutage = false;
  /** When the broker stopped to confirm or was lost, and what waited or was unconfirmed then. */
  #before = NOTHING_BEFORE;
  /** What waited at the last report of backpressure, as a multiple of the bounds. */
  #reportedLoad = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #empty: Deferred | undefined;

  constructor(limits: NormalizedOutage, options: OutboxOptions) {
    this.#limits = limits;
    this.#options = options;
    this.#watch = new ConfirmWatch({
      timeout: options.confirmTimeout,
      onStalled: () => this.#onStalled(),
      onTimeout: options.onUnconfirmed,
    });
  }

  /** Whether messages are taken, as far as they may be, and confirmed. */
  get isMoving(): boolean {
    return this.#isFlowing && !this.#watch.isStalled;
  }

  /** Messages that are neither confirmed nor dropped. */
  get size(): number {
    return this.#size;
  }

  /** @returns resolves when the broker has confirmed it; rejects with `BRIDGE_MESSAGE_DROPPED` or the error of `refuse` */
  add(message: OutgoingMessage): Promise<void> {
    const { promise, resolve, reject } = defer();
    // The loss is reported as a status as well; a caller that does not await it must not crash.
    promise.catch(() => {});
    this.#entries.push({
      ...message,
      queuedAt: performance.now(),
      isSettled: false,
      settle: (error) => (error === undefined ? resolve() : reject(error)),
    });
    this.#size += 1;
    this.#waitingBytes += message.payload.byteLength;
    return promise;
  }

  /** Messages may be taken. */
  resume(): void {
    this.#isFlowing = true;
    this.#isOutage = false;
    if (this.#head < this.#waiting) {
      this.#watch.sent();
    }
  }

  /** There is no broker, or it takes and confirms nothing for a reason that it gave: an outage, until `resume()`. */
  pause(): void {
    this.#beginOutage();
    this.enforceBounds();
  }

  /**
   * Call to send it: what waits, each entry once. Nothing while the broker leaves what it was sent without a confirm, and
   * no more at a time than it should have unconfirmed; call again after each confirm.
   *
   * @param budget - bytes after which to stop; an entry is not split
   */
  take(budget = Number.POSITIVE_INFINITY): readonly Entry[] {
    const start = this.#waiting;
    if (start === this.#entries.length || !this.#isFlowing || this.#watch.isStalled) {
      return NOTHING;
    }
    const limit = Math.min(budget, MAX_UNCONFIRMED_BYTES - this.#unconfirmedBytes);
    let bytes = 0;
    let end = start;
    for (; end < this.#entries.length && bytes < limit; end += 1) {
      bytes += (this.#entries[end] as Entry).payload.byteLength;
    }
    if (end === start) {
      return NOTHING;
    }
    this.#waiting = end;
    this.#waitingBytes -= bytes;
    this.#unconfirmedBytes += bytes;
    this.#watch.sent();
    this.#reportDrained();
    return this.#entries.slice(start, end);
  }

  /** The connection is gone: what it has not confirmed waits again, until `resume()`. */
  connectionLost(): void {
    this.#beginOutage();
    const [waiting, { since, count, bytes }] = [this.#waitingCount, this.#before];
    this.#entries = this.#entries.filter((entry) => !entry.isSettled);
    this.#head = 0;
    this.#waiting = 0;
    this.#before = { since, count: count + this.#waitingCount - waiting, bytes: bytes + this.#unconfirmedBytes };
    this.#waitingBytes += this.#unconfirmedBytes;
    this.#unconfirmedBytes = 0;
    this.enforceBounds();
  }

  confirm(entry: Entry): void {
    this.#settle(entry, undefined);
  }

  /** The broker does not accept this message. */
  refuse(entry: Entry, error: BridgeError): void {
    if (!entry.isSettled) {
      this.#settle(entry, error);
      this.#options.onDropped("refused", 1, entry.payload.byteLength);
    }
  }

  /** Call after `add`, and after sending what could be sent. */
  enforceBounds(): void {
    const { maxMessages, maxBytes, maxAge } = this.#limits;
    if (!this.#isOutage && !this.#watch.isStalled) {
      this.#reportBackpressure();
      return;
    }
    const since = this.#isOutage ? Number.NEGATIVE_INFINITY : this.#before.since;
    const now = performance.now();
    const aged = this.#dropWhile("age", ({ queuedAt }) => now - Math.max(queuedAt, since) >= maxAge);
    const count = Math.max(0, this.#before.count - aged.count);
    const bytes = Math.max(0, this.#before.bytes - aged.bytes);
    this.#before = { ...this.#before, count, bytes };
    this.#dropWhile("count", () => this.#waitingCount > count + maxMessages);
    this.#dropWhile("bytes", () => this.#waitingBytes > bytes + maxBytes);
    this.#watchAge(since);
  }

  /** Resolves when every message is confirmed or dropped. */
  async drained(): Promise<void> {
    if (this.#size > 0) {
      this.#empty ??= defer();
      await this.#empty.promise;
    }
  }

  /** Drops what is left. */
  close(): void {
    this.connectionLost();
    this.#reportedLoad = 0;
    this.#dropWhile("closed", () => true);
    clearTimeout(this.#ageTimer);
  }

  get #waitingCount(): number {
    return this.#entries.length - this.#waiting;
  }

  #beginOutage(): void {
    if (!this.#isOutage && !this.#watch.isStalled) {
      this.#interrupted();
    }
    this.#isFlowing = false;
    this.#isOutage = true;
    this.#watch.stop();
    // It may be that of a stall, in which ages count from later.
    clearTimeout(this.#ageTimer);
    this.#ageTimer = undefined;
  }

  #onStalled(): void {
    this.#interrupted();
    this.enforceBounds();
  }

  #interrupted(): void {
    this.#before = { since: performance.now(), count: this.#waitingCount, bytes: this.#waitingBytes };
  }

  #reportBackpressure(): void {
    const count = this.#waitingCount;
    const load = Math.max(count / (this.#limits.maxMessages + 1), this.#waitingBytes / (this.#limits.maxBytes + 1));
    if (this.#isFlowing && load >= 1 && load >= 2 * this.#reportedLoad) {
      this.#reportedLoad = load;
      this.#options.onBackpressure(count, this.#waitingBytes);
    }
  }

  /** After whoever took the last message has sent it: a listener may publish the next one. */
  #reportDrained(): void {
    if (this.#waiting === this.#entries.length && this.#reportedLoad > 0) {
      this.#reportedLoad = 0;
      queueMicrotask(() => this.#reportedLoad === 0 && this.#options.onDrained());
    }
  }

  #dropWhile(reason: DropReason, isTooMuch: (oldest: Entry) => boolean): { count: number; bytes: number } {
    let count = 0;
    let bytes = 0;
    for (
      let oldest = this.#entries[this.#waiting];
      oldest && isTooMuch(oldest);
      oldest = this.#entries[this.#waiting]
    ) {
      count += 1;
      bytes += oldest.payload.byteLength;
      this.#waiting += 1;
      this.#waitingBytes -= oldest.payload.byteLength;
      // It was not sent, and settling takes it off what was.
      this.#unconfirmedBytes += oldest.payload.byteLength;
      this.#settle(
        oldest,
        new BridgeError(
          "BRIDGE_MESSAGE_DROPPED",
          `a message for the channel "${oldest.channel}" was dropped: ${reason}`,
        ),
      );
    }
    if (count > 0) {
      this.#options.onDropped(reason, count, bytes);
      this.#reportDrained();
    }
    return { count, bytes };
  }

  #settle(entry: Entry, error: BridgeError | undefined): void {
    if (entry.isSettled) {
      return;
    }
    entry.isSettled = true;
    entry.settle(error);
    this.#size -= 1;
    this.#unconfirmedBytes -= entry.payload.byteLength;
    if (this.#entries[this.#head] === entry) {
      this.#watch.confirmed();
    }
    while (this.#head < this.#waiting && this.#entries[this.#head]?.isSettled) {
      this.#head += 1;
    }
    if (this.#head === this.#waiting) {
      this.#watch.stop();
    }
    if (this.#size === 0 || (this.#head >= COMPACT_AT && this.#head >= this.#entries.length / 2)) {
      this.#entries.splice(0, this.#head);
      this.#waiting -= this.#head;
      this.#head = 0;
    }
    if (this.#size === 0) {
      this.#empty?.resolve();
      this.#empty = undefined;
    }
  }

  /** One timer for all entries: when the oldest that waits is too old. @param since - when ages count from, at the earliest */
  #watchAge(since: number): void {
    const oldest = this.#entries[this.#waiting];
    if (this.#ageTimer !== undefined || oldest === undefined) {
      return;
    }
    const left = this.#limits.maxAge - (performance.now() - Math.max(oldest.queuedAt, since));
    this.#ageTimer = setTimeout(
      () => {
        this.#ageTimer = undefined;
        this.enforceBounds();
      },
      Math.max(1, left),
    );
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function defer(): Deferred {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
