/** How long a connected broker may confirm nothing before no more is sent to it, in milliseconds. */
const STALLED_MS = 1_000;

/** Longest time between two looks, in milliseconds. */
const LONGEST_TICK_MS = 250;

/** @internal */
export interface ConfirmWatchOptions {
  /** Milliseconds that a connection may confirm nothing before it is taken for dead. */
  readonly timeout: number;
  readonly onStalled: () => void;
  readonly onTimeout: () => void;
}

/**
 * @internal Whether the broker confirms what it was sent. Only time counts in which this process could have read a
 * confirm: what an event loop that was blocked did not read is not the broker's fault.
 */
export class ConfirmWatch {
  readonly #options: ConfirmWatchOptions;
  readonly #tick: number;
  #timer: NodeJS.Timeout | undefined;
  #due = 0;
  /** Milliseconds without a confirm. */
  #silence = 0;

  constructor(options: ConfirmWatchOptions) {
    this.#options = options;
    this.#tick = Math.min(LONGEST_TICK_MS, Math.ceil(options.timeout / 4));
  }

  get isStalled(): boolean {
    return this.#silence >= STALLED_MS;
  }

  /** Call when something is sent. */
  sent(): void {
    if (this.#timer === undefined) {
      this.#silence = 0;
      this.#schedule();
    }
  }

  /** Call when something is confirmed that others wait behind. */
  confirmed(): void {
    // The tick under way has begun before.
    this.#silence = -this.#tick;
  }

  /** Call when nothing is left to be confirmed. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#silence = 0;
  }

  #schedule(): void {
    this.#due = performance.now() + this.#tick;
    this.#timer = setTimeout(() => this.#look(), this.#tick);
  }

  #look(): void {
    const isLate = performance.now() - this.#due > this.#tick;
    const wasStalled = this.isStalled;
    this.#schedule();
    if (isLate) {
      return;
    }
    this.#silence += this.#tick;
    if (this.isStalled && !wasStalled) {
      this.#options.onStalled();
    }
    if (this.#silence >= this.#options.timeout) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#options.onTimeout();
    }
  }
}
