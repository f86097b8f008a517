import { BridgeError } from "../errors.js";
import type { OutageOptions } from "../options.js";
import type { DropReason } from "./bus.js";

/** One message on its way to the broker. */
export interface OutgoingEntry {
  readonly channel: string;
  readonly payload: Buffer;
}

export interface Entry extends OutgoingEntry {
  /** Milliseconds of a clock that does not jump. */
  readonly since: number;
  settle(error?: BridgeError): void;
}

/** How long a connected broker may leave the oldest message unanswered before the bounds hold as in an outage. */
const STALLED_MS = 1_000;

/**
 * Messages that the broker has not yet confirmed, in order. While it confirms them in time nothing is bounded, since
 * they leave as fast as they come; while it is away or silent, the bounds hold and the oldest message goes first.
 */
export class Outbox {
  readonly #limits: Required<OutageOptions>;
  readonly #onDropped: (reason: DropReason, count: number, bytes: number) => void;
  /** In order of age. */
  readonly #entries = new Set<Entry>();
  /** Those not yet handed to the present connection, in order; some may have been dropped since. */
  #unsent: Entry[] = [];
  #bytes = 0;
  #ageTimer: NodeJS.Timeout | undefined;
  #isEmpty: PromiseWithResolvers | undefined;

  constructor(limits: Required<OutageOptions>, onDropped: (reason: DropReason, count: number, bytes: number) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param connected - whether the broker takes messages at this moment
   * @returns resolves when the broker has confirmed it; rejects with `MESSAGE_DROPPED` or what `fail` says
   */
  add(message: OutgoingEntry, connected: boolean): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    // The loss is reported as a status as well; a caller that does not wait must not crash of it.
    promise.catch(() => {});
    const since = performance.now();
    const settle = (error?: BridgeError) => (error === undefined ? resolve() : reject(error));
    const entry = { ...message, since, settle };
    this.#entries.add(entry);
    this.#unsent.push(entry);
    this.#bytes += message.payload.byteLength;
    if (!connected || this.#oldestAge() > STALLED_MS) {
      this.enforceBounds();
    }
    this.#watchAge();
    return promise;
  }

  /** Hands over, once, what the present connection has not been given yet, in order. */
  takeUnsent(): readonly Entry[] {
    const unsent = this.#unsent.filter((entry) => this.#entries.has(entry));
    this.#unsent = [];
    return unsent;
  }

  /** The connection is gone: what it has not confirmed is sent again on the next. */
  connectionLost(): void {
    this.#unsent = [...this.#entries];
    this.enforceBounds();
  }

  confirm(entry: Entry): void {
    this.#remove(entry, undefined);
  }

  /** The broker refused this one message. */
  fail(entry: Entry, error: BridgeError): void {
    this.#remove(entry, error);
  }

  enforceBounds(): void {
    const { maxMessages, maxBytes, maxAge } = this.#limits;
    this.#dropWhile("age", () => this.#oldestAge() >= maxAge);
    this.#dropWhile("count", () => this.#entries.size > maxMessages);
    this.#dropWhile("bytes", () => this.#bytes > maxBytes);
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.#entries.size > 0) {
      this.#isEmpty ??= withResolvers();
      await this.#isEmpty.promise;
    }
  }

  /** Gives up what is left. */
  close(): void {
    this.#dropWhile("closed", () => true);
    clearTimeout(this.#ageTimer);
  }

  #oldest(): Entry | undefined {
    const [oldest] = this.#entries;
    return oldest;
  }

  #oldestAge(): number {
    const oldest = this.#oldest();
    return oldest === undefined ? 0 : performance.now() - oldest.since;
  }

  #dropWhile(reason: DropReason, tooMuch: () => boolean): void {
    let count = 0;
    let bytes = 0;
    for (let oldest = this.#oldest(); oldest !== undefined && tooMuch(); oldest = this.#oldest()) {
      count += 1;
      bytes += oldest.payload.byteLength;
      this.#remove(
        oldest,
        new BridgeError("MESSAGE_DROPPED", `a message for the channel "${oldest.channel}" was dropped: ${reason}`),
      );
    }
    if (count > 0) {
      this.#onDropped(reason, count, bytes);
    }
  }

  #remove(entry: Entry, error: BridgeError | undefined): void {
    if (!this.#entries.delete(entry)) {
      return;
    }
    this.#bytes -= entry.payload.byteLength;
    entry.settle(error);
    if (this.#entries.size === 0) {
      clearTimeout(this.#ageTimer);
      this.#ageTimer = undefined;
      this.#isEmpty?.resolve();
      this.#isEmpty = undefined;
    }
  }

  /** One timer for all: for the moment at which the oldest is too old. */
  #watchAge(): void {
    if (this.#ageTimer !== undefined || this.#entries.size === 0) {
      return;
    }
    this.#ageTimer = setTimeout(
      () => {
        this.#ageTimer = undefined;
        this.enforceBounds();
        this.#watchAge();
      },
      Math.max(1, this.#limits.maxAge - this.#oldestAge()),
    );
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers(): PromiseWithResolvers {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
