import { hash } from "node:crypto";

/**
 * Remembers which messages of a queue were processed and are not known to be acknowledged, so that none is processed twice
 * when the broker redelivers it over the next connection.
 *
 * The broker redelivers, first and in order, every message whose acknowledgement it did not get. All of that is known
 * here, except whether an acknowledgement on its way arrived. So only one is ever on its way, and never for the last
 * message. Then the first redelivered message is one of two that are known, and comparing those that follow tells which,
 * whoever sent them and whatever they hold. Where both match to the end, as among equal messages, the acknowledgement is
 * assumed to have arrived: a message too many is better than one too few.
 */
export class RedeliveryFilter {
  /** Oldest first. Digests, because a message may have many megabytes. */
  #digests: string[] = [];
  /** How many of these were delivered over the present connection. */
  #delivered = 0;
  /** The delivery tag of the last message that is known to be acknowledged on the present channel. */
  #base = 0;
  /** How many are being acknowledged. */
  #pending = 0;
  /** How many of the oldest the broker may no longer have; 0 when that is known. */
  #doubtful = 0;

  /** Call when a new channel starts to consume the same queue. */
  restart(): void {
    this.#doubtful ||= this.#pending;
    this.#pending = 0;
    this.#delivered = 0;
    this.#base = 0;
  }

  /** Call when the queue is replaced by another one. */
  forget(): void {
    this.#digests = [];
    this.#doubtful = 0;
    this.#pending = 0;
    this.restart();
  }

  /** Call with each message, in order. @returns whether it was processed before; otherwise it now counts as processed */
  isDuplicate(payload: Uint8Array, redelivered: boolean): boolean {
    const digest = hash("sha1", payload, "base64");
    const isKnown = this.#delivered < this.#digests.length && redelivered && this.#matches(digest);
    if (!isKnown) {
      this.#digests.length = this.#delivered;
      this.#doubtful = 0;
      this.#digests.push(digest);
    }
    this.#delivered += 1;
    if (isKnown && this.#doubtful > 0 && this.#doubtful + this.#delivered === this.#digests.length) {
      this.#settle();
    }
    return isKnown;
  }

  /**
   * @param least - return undefined until this many were delivered
   * @returns the delivery tag up to which to acknowledge, or undefined; call `acknowledged()` when the broker has it
   */
  nextAcknowledgement(least: number): number | undefined {
    if (this.#pending > 0 || this.#doubtful > 0 || this.#delivered < Math.max(least, 2)) {
      return undefined;
    }
    this.#pending = this.#delivered - 1;
    return this.#base + this.#pending;
  }

  acknowledged(): void {
    this.#digests.splice(0, this.#pending);
    this.#delivered -= this.#pending;
    this.#base += this.#pending;
    this.#pending = 0;
  }

  #matches(digest: string): boolean {
    const isOldest = this.#digests[this.#delivered] === digest;
    if (this.#doubtful === 0) {
      return isOldest;
    }
    const isLater = this.#digests[this.#doubtful + this.#delivered] === digest;
    if (isLater && !isOldest) {
      this.#settle();
    } else if (isOldest && !isLater) {
      this.#doubtful = 0;
    }
    return isOldest || isLater;
  }

  /** The acknowledgement in doubt had arrived. */
  #settle(): void {
    this.#digests.splice(0, this.#doubtful);
    this.#doubtful = 0;
  }
}
