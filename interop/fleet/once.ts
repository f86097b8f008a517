/** Waits longer than anything on this machine should take, and names what did not come. */
const PATIENCE_MS = 30_000;

/** @throws Error that names `what` after half a minute, instead of a test that hangs without a word */
export async function within<T>(what: string, promise: Promise<T>, patience = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms in vain for ${what}`)), patience);
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
  async find(what: string, fits: (item: T) => boolean, patience = PATIENCE_MS): Promise<T> {
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
      return await within(what, found, patience);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
