import { atMost } from "../util/at-most.js";

/** How many events may wait, of all clients or of one. */
export interface QueueLimits {
  /** @default 1,000 of a client, 100,000 of all */
  readonly maxEvents: number;
  /** Of their arguments as JSON, and of their bytes. @default 4 MiB of a client, 64 MiB of all */
  readonly maxBytes: number;
}

/** How much more may wait, in one queue or in all. */
export class Capacity {
  readonly #limits: QueueLimits;
  #events = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  has(bytes: number): boolean {
    return this.#events < this.#limits.maxEvents && this.#bytes + bytes <= this.#limits.maxBytes;
  }

  take(bytes: number): void {
    this.#events += 1;
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#events -= 1;
    this.#bytes -= bytes;
  }
}

/** Calls that wait or run, of all queues. */
export class Pending {
  readonly #tasks = new Set<Promise<void>>();

  get size(): number {
    return this.#tasks.size;
  }

  add(task: Promise<void>): void {
    this.#tasks.add(task);
    void task.finally(() => this.#tasks.delete(task));
  }

  /** Resolves when none is left, or after so many milliseconds. */
  async drained(timeout: number): Promise<void> {
    await atMost(timeout, this.#untilNone());
  }

  async #untilNone(): Promise<void> {
    while (this.#tasks.size > 0) {
      await Promise.all(this.#tasks);
    }
  }
}

/** The events of one client, of which one is handled after the other unless it is added as a concurrent one. */
export class EventQueue {
  readonly #own: Capacity;
  readonly #shared: Capacity;
  readonly #pending: Pending;
  #tail: Promise<void> = Promise.resolve();
  readonly #concurrent = new Set<Promise<void>>();

  constructor(own: QueueLimits, shared: Capacity, pending: Pending) {
    this.#own = new Capacity(own);
    this.#shared = shared;
    this.#pending = pending;
  }

  /**
   * @param bytes - that it holds while it waits
   * @param handle - never rejects
   * @param isConcurrent - whether it is handled at once, beside others
   * @returns false where there is no room: it will not be handled
   */
  add(bytes: number, handle: () => Promise<void>, isConcurrent = false): boolean {
    if (!this.#own.has(bytes) || !this.#shared.has(bytes)) {
      return false;
    }
    this.#own.take(bytes);
    this.#shared.take(bytes);
    const task = () =>
      handle().finally(() => {
        this.#own.give(bytes);
        this.#shared.give(bytes);
      });
    if (isConcurrent) {
      const running = task().finally(() => this.#concurrent.delete(running));
      this.#concurrent.add(running);
      this.#pending.add(running);
    } else {
      void this.#append(this.#tail, task);
    }
    return true;
  }

  /** Beyond every limit: what must not be lost, after all that waits or runs. @returns resolves when it was handled */
  addLast(handle: () => Promise<void>): Promise<void> {
    return this.#append(Promise.all([this.#tail, ...this.#concurrent]), handle);
  }

  #append(previous: Promise<unknown>, handle: () => Promise<void>): Promise<void> {
    this.#tail = previous.then(handle);
    this.#pending.add(this.#tail);
    return this.#tail;
  }
}
