import type { BridgeHandle } from "../adapter/reporting/handle.js";

interface PendingMark {
  readonly passed: Promise<void>;
  isThrough(): boolean;
  forget(): void;
}

/** Marks that calls wait for: a reply may be there before what its handler has published. */
export class Marks {
  readonly #waiting = new Map<string, () => void>();
  readonly #unsubscribe: () => void;
  #isClosed = false;

  constructor(adapter: Pick<BridgeHandle, "onMark">) {
    this.#unsubscribe = adapter.onMark((mark) => this.#waiting.get(mark)?.());
  }

  /** Call before the worker does. */
  wait(mark: string): PendingMark {
    let isThrough = this.#isClosed;
    const passed = this.#isClosed
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          this.#waiting.set(mark, () => {
            isThrough = true;
            resolve();
          });
        });
    return { passed, isThrough: () => isThrough, forget: () => void this.#waiting.delete(mark) };
  }

  /** No mark comes any more, and nobody waits for one. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const pass of this.#waiting.values()) {
      pass();
    }
    this.#waiting.clear();
  }
}
