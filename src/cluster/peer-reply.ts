/**
 * The reply to one request of another Node host, in as many parts as it takes. That host waits until it has the last
 * part, so every request is ended, also one that fails.
 */
export class PeerReply {
  readonly #publish: (items: readonly unknown[], part: number, isLast: boolean) => void;
  #parts = 0;
  #hasEnded = false;

  /** @param publish - throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the side channel cannot carry */
  constructor(publish: (items: readonly unknown[], part: number, isLast: boolean) => void) {
    this.#publish = publish;
  }

  /** Does nothing once the last part is sent. @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; nothing was sent then */
  send(items: readonly unknown[], isLast: boolean): void {
    if (!this.#hasEnded) {
      this.#publish(items, this.#parts, isLast);
      this.#parts += 1;
      this.#hasEnded = isLast;
    }
  }

  /** Without further items. */
  end(): void {
    this.send([], true);
  }
}
