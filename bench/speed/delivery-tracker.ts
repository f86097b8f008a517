/** Most numbers that one client waits for; what is beyond it counts as lost for good. */
const MAX_AWAITED = 10_000;

/** What one client makes of the numbers that it receives: 1, 2, 3, … each once. */
export class DeliveryTracker {
  received = 0;
  doubled = 0;
  outOfOrder = 0;
  #last = 0;
  #lostForGood = 0;
  readonly #awaited = new Set<number>();

  add(number: number): void {
    if (number === this.#last + 1) {
      this.#last = number;
      this.received += 1;
    } else if (number > this.#last) {
      this.#skipTo(number);
      this.received += 1;
    } else if (this.#awaited.delete(number)) {
      this.outOfOrder += 1;
      this.received += 1;
    } else {
      this.doubled += 1;
    }
  }

  /** How many of the numbers up to the last one that was sent have not come. */
  lost(sent: number): number {
    return this.#lostForGood + this.#awaited.size + Math.max(0, sent - this.#last);
  }

  #skipTo(number: number): void {
    for (let missing = this.#last + 1; missing < number; missing += 1) {
      if (this.#awaited.size < MAX_AWAITED) {
        this.#awaited.add(missing);
      } else {
        this.#lostForGood += number - missing;
        break;
      }
    }
    this.#last = number;
  }
}
