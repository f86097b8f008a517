import { withTimeout } from "./with-timeout.js";

/** Items that arrive one by one, kept in order, and a way to wait for one of them. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<() => void>();

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.push(item);
    for (const check of [...this.#waiting]) {
      check();
    }
  }

  /**
   * The first matching item, past or future.
   *
   * @param what - names it in the error
   * @throws Error when none arrives in time
   */
  async find(what: string, matches: (item: T, index: number) => boolean, timeout?: number): Promise<T> {
    let check = (): void => {};
    const found = new Promise<T>((resolve) => {
      check = () => {
        const item = this.#items.find(matches);
        if (item !== undefined) {
          resolve(item);
        }
      };
    });
    this.#waiting.add(check);
    check();
    try {
      return await withTimeout(what, found, timeout);
    } finally {
      this.#waiting.delete(check);
    }
  }
}
