import { hash } from "node:crypto";

/**
 * Which messages of a queue were applied and are not known to be acknowledged, so that none is applied twice when the
 * broker delivers it again over the next connection.
 *
 * It delivers again, first and in their order, all that it has no acknowledgement of. Which these are is known but for
 * one acknowledgement that may have been on its way; so that is never the one of the last message, and there is only
 * one on its way at a time. Then what comes first must be one of two messages that are known, and by comparing what
 * follows it can be told which, whoever sent them and whatever is in them. Where both fit to the end, as among equal
 * messages, it is assumed that the broker had the acknowledgement: a message too many is better than one too few.
 */
export class RedeliveryFilter {
  /** Oldest first. A digest each: a host may read messages of many megabytes. */
  #digests: string[] = [];
  /** How many of these have come over the present connection. */
  #delivered = 0;
  /** The delivery tag of the last message that is known to be acknowledged on the present channel. */
  #base = 0;
  /** How many are being acknowledged. */
  #pending = 0;
  /** How many of the oldest the broker may not have any more; 0 when it is known. */
  #doubtful = 0;

  /** To be called when a new channel starts to consume the same queue. */
  restart(): void {
    this.#doubtful ||= this.#pending;
    this.#pending = 0;
    this.#delivered = 0;
    this.#base = 0;
  }

  /** The queue is another one. */
  forget(): void {
    this.#digests = [];
    this.#doubtful = 0;
    this.#pending = 0;
    this.restart();
  }

  /** To be asked about each message, in order. @returns whether it was applied before; otherwise it now counts as applied */
  isDuplicate(payload: Uint8Array, redelivered: boolean): boolean {
    const digest = hash("sha1", payload, "base64");
    const isKnown = this.#delivered < this.#digests.length && redelivered && this.#fits(digest);
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
   * @param least - do not bother before so many have come
   * @returns the delivery tag up to which to acknowledge, or undefined; then call `acknowledged()` when the broker has it
   */
  acknowledge(least: number): number | undefined {
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

  #fits(digest: string): boolean {
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

  /** The broker had the acknowledgement. */
  #settle(): void {
    this.#digests.splice(0, this.#doubtful);
    this.#doubtful = 0;
  }
}
