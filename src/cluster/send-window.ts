import { BridgeError } from "../errors.js";

/** Nothing more is sent while this many bytes are unconfirmed. */
const WINDOW_BYTES = 1024 * 1024;

/** Replies that wait for room at a time. */
const MAX_WAITING = 1_000;

/**
 * How much of what goes out in parts is on its way to the broker, of one host: a reply of any length, or many at once,
 * must not be published in one turn. Redis disconnects a host that does not read meanwhile, and its parts come back to it.
 */
export class SendWindow {
  #bytes = 0;
  #waiting: (() => void)[] = [];

  get isFull(): boolean {
    return this.#bytes >= WINDOW_BYTES;
  }

  /**
   * Resolves when something was confirmed, in the order of the calls. Look at `isFull` again.
   *
   * @param hasWaited - a reply that has waited before is not given up for those that come now
   * @throws BridgeError rejects with `BRIDGE_BUSY`
   */
  async room(hasWaited = false): Promise<void> {
    if (!hasWaited && this.#waiting.length >= MAX_WAITING) {
      throw new BridgeError("BRIDGE_BUSY", `${MAX_WAITING} replies wait already until the broker takes them`);
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** @param published - settles when the broker has confirmed them, or never will */
  add(bytes: number, published: Promise<void>): void {
    this.#bytes += bytes;
    const settled = () => {
      this.#bytes -= bytes;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) {
        wake();
      }
    };
    published.then(settled, settled);
  }
}
