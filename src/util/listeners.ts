/** Who wants to know. A listener that throws does so for itself: the others and the caller go on. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  get size(): number {
    return this.#listeners.size;
  }

  /** @returns a function that takes the listener off again */
  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  notify(value: T): void {
    for (const listener of this.#listeners) {
      callApplication(() => listener(value));
    }
  }
}

/**
 * Runs code of the application. What it throws becomes an uncaught exception, as from any event handler, but does not
 * pass through the connection that happened to call it, which would lose the next message.
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
