import { BridgeError } from "../../errors.js";
import type { DropReason } from "../bus.js";
import type { NormalizedOutage } from "../options.js";

/** @internal One message on its way to the broker. */
export interface OutgoingMessage {
  readonly channel: string;
  readonly payload: Buffer;
}

/** @internal */
export interface OutboxOptions {
  /** Milliseconds that a connection may leave a message unconfirmed before it is taken for dead. */
  readonly confirmTimeout: number;
  readonly onDropped: (reason: DropReason, count: number, bytes: number) => void;
  /** The connection is dead, whatever its state: replace it, and call `connectionLost()`. */
  readonly onUnconfirmed: () => void;
}

/** @internal A message in the outbox: it waits, is sent over a connection, and is then confirmed or refused. */
export interface Entry extends OutgoingMessage {
  /** Monotonic milliseconds (`performance.now()`), as are all times here. */
  readonly queuedAt: number;
  /** When it was sent over the present connection. */
  sentAt: number;
  isSettled: boolean;
  settle(error?: BridgeError): void;
}

/** How long a connected broker may leave the oldest message unconfirmed before no more is sent to it. */
const STALLED_MS = 1_000;

/** A timer that is later than this shows that the process was blocked, and not the broker. */
const BLOCKED_MS = 1_000;

/** Settled entries at the front are removed together when there are this many. */
const COMPACT_AT = 1_024;

/**
 * @internal Messages that the broker has not confirmed, in order: first those sent over the present connection, then
 * those that wait. The bounds of `OutageOptions` hold for what waits, and drop its oldest first; what was sent, the
 * broker may have. While the broker confirms in time, nothing waits.
 */
export class Outbox {
  readonly #limits: NormalizedOutage;
  readonly #options: OutboxOptions;
  #entries: Entry[] = [];
  /** Before this index everything is settled. */
  #head = 0;
  /** From this index on, entries wait; those between `#head` and here were sent. */
  #waiting = 0;
  #waitingBytes = 0;
  #size = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #confirmTimer: NodeJS.Timeout | undefined;
  /** When the process was last found to have been blocked. */
  #unblockedAt = 0;
  #empty: Deferred | undefined;

  constructor(limits: NormalizedOutage, options: OutboxOptions) {
    this.#limits = limits;
    this.#options = options;
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
      sentAt: 0,
      isSettled: false,
      settle: (error) => (error === undefined ? resolve() : reject(error)),
    });
    this.#size += 1;
    this.#waitingBytes += message.payload.byteLength;
    return promise;
  }

  /** Call to send it: what waits, each entry once. Nothing while the broker leaves the connection without confirms. */
  take(): readonly Entry[] {
    const oldest = this.#entries[this.#head];
    const isSent = this.#head < this.#waiting;
    if (isSent && oldest !== undefined && performance.now() - oldest.queuedAt > STALLED_MS) {
      return [];
    }
    const taken = this.#entries.slice(this.#waiting);
    const now = performance.now();
    for (const entry of taken) {
      entry.sentAt = now;
    }
    this.#waiting = this.#entries.length;
    this.#waitingBytes = 0;
    this.#watchConfirms();
    return taken;
  }

  /** The connection is gone: what it has not confirmed waits again. */
  connectionLost(): void {
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = undefined;
    this.#entries = this.#entries.filter((entry) => !entry.isSettled);
    this.#head = 0;
    this.#waiting = 0;
    this.#waitingBytes = this.#entries.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    this.enforceBounds();
  }

  /** The broker had a reason not to confirm, which is over: the timeout of what was sent starts again. */
  restartConfirmTimeout(): void {
    const now = performance.now();
    for (const entry of this.#entries.slice(this.#head, this.#waiting)) {
      entry.sentAt = now;
    }
    clearTimeout(this.#confirmTimer);
    this.#confirmTimer = undefined;
    this.#watchConfirms();
  }

  confirm(entry: Entry): void {
    this.#settle(entry, undefined);
  }

  /** The broker does not accept this message. */
  refuse(entry: Entry, error: BridgeError): void {
    this.#settle(entry, error);
    this.#options.onDropped("refused", 1, entry.payload.byteLength);
  }

  /** Call after `add`, and after sending what could be sent. */
  enforceBounds(): void {
    const { maxMessages, maxBytes, maxAge } = this.#limits;
    const now = performance.now();
    this.#dropWhile("age", (oldest) => now - oldest.queuedAt >= maxAge);
    this.#dropWhile("count", () => this.#entries.length - this.#waiting > maxMessages);
    this.#dropWhile("bytes", () => this.#waitingBytes > maxBytes);
    this.#watchAge();
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
    this.#dropWhile("closed", () => true);
    clearTimeout(this.#ageTimer);
  }

  #dropWhile(reason: DropReason, isTooMuch: (oldest: Entry) => boolean): void {
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
    }
  }

  #settle(entry: Entry, error: BridgeError | undefined): void {
    if (entry.isSettled) {
      return;
    }
    entry.isSettled = true;
    entry.settle(error);
    this.#size -= 1;
    while (this.#head < this.#waiting && this.#entries[this.#head]?.isSettled) {
      this.#head += 1;
    }
    if (this.#head >= COMPACT_AT || this.#size === 0) {
      this.#entries.splice(0, this.#head);
      this.#waiting -= this.#head;
      this.#head = 0;
    }
    if (this.#size === 0) {
      this.#empty?.resolve();
      this.#empty = undefined;
    }
  }

  /** One timer for all entries: when the oldest that waits is too old. */
  #watchAge(): void {
    const oldest = this.#entries[this.#waiting];
    if (this.#ageTimer !== undefined || oldest === undefined) {
      return;
    }
    const left = this.#limits.maxAge - (performance.now() - oldest.queuedAt);
    this.#ageTimer = setTimeout(
      () => {
        this.#ageTimer = undefined;
        this.enforceBounds();
      },
      Math.max(1, left),
    );
  }

  /** One timer for all entries: when the oldest that was sent should have been confirmed. */
  #watchConfirms(): void {
    const oldest = this.#entries[this.#head];
    if (this.#confirmTimer !== undefined || oldest === undefined || this.#head >= this.#waiting) {
      return;
    }
    const since = Math.max(oldest.sentAt, this.#unblockedAt);
    const due = Math.max(performance.now() + 1, since + this.#options.confirmTimeout);
    this.#confirmTimer = setTimeout(() => {
      this.#confirmTimer = undefined;
      const now = performance.now();
      const overdue = this.#entries[this.#head];
      if (now - due >= BLOCKED_MS) {
        // The confirm may have arrived, unread.
        this.#unblockedAt = now;
      } else if (overdue === oldest && !overdue.isSettled && this.#head < this.#waiting) {
        this.#options.onUnconfirmed();
        return;
      }
      this.#watchConfirms();
    }, due - performance.now());
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
