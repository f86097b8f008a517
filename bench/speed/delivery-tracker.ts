/** Most missing numbers that one client keeps; further ones count as lost for good. */
const MAX_MISSING = 10_000;

/** Checks that one client receives the numbers 1, 2, 3, … once each. */
export class DeliveryTracker {
  received = 0;
  doubled = 0;
  outOfOrder = 0;
  #last = 0;
  #lostForGood = 0;
  readonly #missing = new Set<number>();

  add(number: number): void {
    if (number === this.#last + 1) {
      this.#last = number;
      this.received += 1;
    } else if (number > this.#last) {
      this.#skipTo(number);
      this.received += 1;
    } else if (this.#missing.delete(number)) {
      this.outOfOrder += 1;
      this.received += 1;
    } else {
      this.doubled += 1;
    }
  }

  /** How many of the numbers up to `sent` have not arrived. */
  lost(sent: number): number {
    return this.#lostForGood + this.#missing.size + Math.max(0, sent - this.#last);
  }

  #skipTo(number: number): void {
    for (let missing = this.#last + 1; missing < number; missing += 1) {
      if (this.#missing.size < MAX_MISSING) {
        this.#missing.add(missing);
      } else {
        this.#lostForGood += number - missing;
        break;
      }
    }
    this.#last = number;
  }
}
