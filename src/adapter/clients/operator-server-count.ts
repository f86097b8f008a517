/**
 * `BroadcastOperator.emit()` (socket.io since 4.5) ends an acknowledged emit when as many servers as `serverCount()`
 * resolved to have reported their number of clients, and all of these have acknowledged. `AckCollector` knows better who will
 * acknowledge, and reports one number at the end. So the operator, which calls `serverCount()` in the same turn as
 * `broadcastWithAck()`, gets 1.
 */
export class OperatorServerCount {
  #isNext = false;

  /** Call when `broadcastWithAck()` returns. */
  expect(): void {
    this.#isNext = true;
    queueMicrotask(() => {
      this.#isNext = false;
    });
  }

  /** Whether this call of `serverCount()` is the operator's. */
  take(): boolean {
    const isOperator = this.#isNext;
    this.#isNext = false;
    return isOperator;
  }
}
