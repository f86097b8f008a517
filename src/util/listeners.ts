interface Registration<T> {
  readonly listener: (value: T) => void;
}

/**
 * Listeners of the application for one kind of event.
 *
 * As with an `EventEmitter`, a function that is registered twice is called twice. One that throws affects nobody else: see
 * `callApplication`.
 */
export class Listeners<T> {
  readonly #registrations = new Set<Registration<T>>();

  get size(): number {
    return this.#registrations.size;
  }

  /** @returns a function that removes this registration, and no other of the same listener */
  add(listener: (value: T) => void): () => void {
    const registration = { listener };
    this.#registrations.add(registration);
    return () => {
      this.#registrations.delete(registration);
    };
  }

  /** Calls who is registered now; of these, nobody who is removed meanwhile. */
  notify(value: T): void {
    for (const registration of [...this.#registrations]) {
      if (this.#registrations.has(registration)) {
        callApplication(() => registration.listener(value));
      }
    }
  }
}

/**
 * Calls code of the application. What it throws becomes an uncaught exception, as from any event handler. It must not
 * pass through the connection that happened to deliver the message, which would lose the next one.
 */
export function callApplication(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
