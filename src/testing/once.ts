import { AsyncLocalStorage } from "node:async_hooks";

/** Longer than anything on this machine should take. */
const PATIENCE_MS = 30_000;

/** Milliseconds that everything called in it waits, where it does not say otherwise: `patience.run(5_000, run)`. */
export const waitTimeout = new AsyncLocalStorage<number>();

/** @throws Error that names `what` when it did not come in time, instead of a test that hangs without a word */
export async function withTimeout<T>(what: string, promise: Promise<T>, time = waitTimeout.getStore() ?? PATIENCE_MS) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${time} ms in vain for ${what}`)), time);
    // Nobody waits any more where nothing else keeps the process.
    timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Items that come one by one, and those who wait for them. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<() => void>();

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.push(item);
    for (const wake of [...this.#waiting]) {
      wake();
    }
  }

  /** The first item, past or future, that fits. */
  async find(what: string, fits: (item: T) => boolean, time?: number): Promise<T> {
    let wake = (): void => {};
    const found = new Promise<T>((resolve) => {
      wake = () => {
        const item = this.#items.find(fits);
        if (item !== undefined) {
          resolve(item);
        }
      };
    });
    this.#waiting.add(wake);
    wake();
    try {
      return await withTimeout(what, found, time);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
