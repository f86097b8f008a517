/** How many events may wait, of all clients or of one. */
export interface QueueLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Room for events, which several queues share. */
export class Room {
  readonly #limits: QueueLimits;
  #events = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get events(): number {
    return this.#events;
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

/** The events of one client, of which one is handled after the other. */
export class EventQueue {
  readonly #own: Room;
  readonly #shared: Room;
  #tail: Promise<void> = Promise.resolve();

  constructor(own: QueueLimits, shared: Room) {
    this.#own = new Room(own);
    this.#shared = shared;
  }

  /**
   * @param bytes - that it holds while it waits
   * @param handle - never rejects
   * @returns false where there is no room: it will not be handled
   */
  add(bytes: number, handle: () => Promise<void>): boolean {
    if (!this.#own.has(bytes) || !this.#shared.has(bytes)) {
      return false;
    }
    this.#own.take(bytes);
    this.#shared.take(bytes);
    this.#tail = this.#tail.then(handle).finally(() => {
      this.#own.give(bytes);
      this.#shared.give(bytes);
    });
    return true;
  }

  /** Beyond every limit: what must not be lost, after all that waits. */
  addLast(handle: () => Promise<void>): void {
    this.#tail = this.#tail.then(handle);
  }
}
