import { withTimeout } from "./with-timeout.js";

type Look<T> = (item: T, index: number) => void;

/** Items that arrive one by one, kept in order, and a way to wait for one of them. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<Look<T>>();

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    const index = this.#items.push(item) - 1;
    for (const look of [...this.#waiting]) {
      look(item, index);
    }
  }

  /**
   * The first matching item, past or future.
   *
   * @param what - names it in the error
   * @param matches - called once for each item
   * @throws Error when none arrives in time
   */
  async find(what: string, matches: (item: T, index: number) => boolean, timeout?: number): Promise<T> {
    const past = this.#items.findIndex(matches);
    if (past !== -1) {
      return this.#items[past] as T;
    }
    let look: Look<T> = () => {};
    const found = new Promise<T>((resolve) => {
      look = (item, index) => matches(item, index) && resolve(item);
    });
    this.#waiting.add(look);
    try {
      return await withTimeout(what, found, timeout);
    } finally {
      this.#waiting.delete(look);
    }
  }
}
