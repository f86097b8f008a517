import { BridgeError } from "../../errors.js";
import type { DropReason } from "../bus.js";
import type { NormalizedOutage } from "../options.js";

/** One message on its way to the broker. */
export interface OutgoingMessage {
  readonly channel: string;
  readonly payload: Buffer;
}

export interface OutboxOptions {
  /** Milliseconds that a connection may leave a message unanswered before it is taken for dead. */
  readonly answerTimeout: number;
  readonly onDropped: (reason: DropReason, count: number, bytes: number) => void;
  /** The connection is dead, whatever it says: replace it, and call `connectionLost()`. */
  readonly onUnanswered: () => void;
}

/** A message in the outbox, as it is handed to a connection and then confirmed or refused. */
export interface Entry extends OutgoingMessage {
  /** Milliseconds of a clock that does not jump. */
  readonly since: number;
  /** When it was handed to the present connection. */
  handedOver: number;
  isSettled: boolean;
  settle(error?: BridgeError): void;
}

/** How long a connected broker may leave the oldest message unanswered before no more is handed to it. */
const STALLED_MS = 1_000;

/** A timer that is later than this tells that the process stood still, and not the broker. */
const STOOD_STILL_MS = 1_000;

/** Settled entries at the front are cut off in one piece when there are this many. */
const CUT_AT = 1_024;

/**
 * Messages that the broker has not yet confirmed, in order: first those handed to the present connection, then those
 * that wait. The bounds hold for what waits, and its oldest goes first; what a connection was given, the broker may
 * have. A broker that confirms in time leaves nothing waiting.
 */
export class Outbox {
  readonly #limits: NormalizedOutage;
  readonly #options: OutboxOptions;
  #entries: Entry[] = [];
  /** Before this index everything is settled. */
  #head = 0;
  /** From this index on entries wait. */
  #waiting = 0;
  #waitingBytes = 0;
  #size = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  /** When the process was last found to have stood still. */
  #awakeSince = 0;
  #empty: Deferred | undefined;

  constructor(limits: NormalizedOutage, options: OutboxOptions) {
    this.#limits = limits;
    this.#options = options;
  }

  /** Messages that are neither confirmed nor given up. */
  get size(): number {
    return this.#size;
  }

  /** @returns resolves when the broker has confirmed it; rejects with `BRIDGE_MESSAGE_DROPPED` or what `refuse` says */
  add(message: OutgoingMessage): Promise<void> {
    const { promise, resolve, reject } = defer();
    // The loss is reported as a status as well; a caller that does not wait must not crash of it.
    promise.catch(() => {});
    this.#entries.push({
      ...message,
      since: performance.now(),
      handedOver: 0,
      isSettled: false,
      settle: (error) => (error === undefined ? resolve() : reject(error)),
    });
    this.#size += 1;
    this.#waitingBytes += message.payload.byteLength;
    return promise;
  }

  /** Hands over, once, what waits; nothing while the broker leaves the present connection without answers. */
  take(): readonly Entry[] {
    const oldest = this.#entries[this.#head];
    const isHandedOver = this.#head < this.#waiting;
    if (isHandedOver && oldest !== undefined && performance.now() - oldest.since > STALLED_MS) {
      return [];
    }
    const taken = this.#entries.slice(this.#waiting);
    const now = performance.now();
    for (const entry of taken) {
      entry.handedOver = now;
    }
    this.#waiting = this.#entries.length;
    this.#waitingBytes = 0;
    this.#watchAnswers();
    return taken;
  }

  /** The connection is gone: what it has not confirmed is for the next. */
  connectionLost(): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    this.#entries = this.#entries.filter((entry) => !entry.isSettled);
    this.#head = 0;
    this.#waiting = 0;
    this.#waitingBytes = this.#entries.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    this.enforceBounds();
  }

  /** The broker had a reason not to answer, which is over: what it was handed has its time from now on. */
  restartConfirmTimeout(): void {
    const now = performance.now();
    for (const entry of this.#entries.slice(this.#head, this.#waiting)) {
      entry.handedOver = now;
    }
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    this.#watchAnswers();
  }

  confirm(entry: Entry): void {
    this.#settle(entry, undefined);
  }

  /** The broker does not take this one message. */
  refuse(entry: Entry, error: BridgeError): void {
    this.#settle(entry, error);
    this.#options.onDropped("refused", 1, entry.payload.byteLength);
  }

  /** To be called when what was added could not be taken at once. */
  enforceBounds(): void {
    const { maxMessages, maxBytes, maxAge } = this.#limits;
    const now = performance.now();
    this.#dropWhile("age", (oldest) => now - oldest.since >= maxAge);
    this.#dropWhile("count", () => this.#entries.length - this.#waiting > maxMessages);
    this.#dropWhile("bytes", () => this.#waitingBytes > maxBytes);
    this.#watchAge();
  }

  /** Resolves when nothing is left. */
  async drained(): Promise<void> {
    if (this.#size > 0) {
      this.#empty ??= defer();
      await this.#empty.promise;
    }
  }

  /** Gives up what is left. */
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
    if (this.#head >= CUT_AT || this.#size === 0) {
      this.#entries.splice(0, this.#head);
      this.#waiting -= this.#head;
      this.#head = 0;
    }
    if (this.#size === 0) {
      this.#empty?.resolve();
      this.#empty = undefined;
    }
  }

  /** One timer for all: for the moment at which the oldest that waits is too old. */
  #watchAge(): void {
    const oldest = this.#entries[this.#waiting];
    if (this.#ageTimer !== undefined || oldest === undefined) {
      return;
    }
    const left = this.#limits.maxAge - (performance.now() - oldest.since);
    this.#ageTimer = setTimeout(
      () => {
        this.#ageTimer = undefined;
        this.enforceBounds();
      },
      Math.max(1, left),
    );
  }

  /** One timer for all: for the moment at which the oldest answer is overdue. */
  #watchAnswers(): void {
    const oldest = this.#entries[this.#head];
    if (this.#answerTimer !== undefined || oldest === undefined || this.#head >= this.#waiting) {
      return;
    }
    const since = Math.max(oldest.handedOver, this.#awakeSince);
    const due = Math.max(performance.now() + 1, since + this.#options.answerTimeout);
    this.#answerTimer = setTimeout(() => {
      this.#answerTimer = undefined;
      const now = performance.now();
      const overdue = this.#entries[this.#head];
      if (now - due >= STOOD_STILL_MS) {
        // Any answer may be here, unread.
        this.#awakeSince = now;
      } else if (overdue === oldest && !overdue.isSettled && this.#head < this.#waiting) {
        this.#options.onUnanswered();
        return;
      }
      this.#watchAnswers();
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
