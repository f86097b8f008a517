import { messageName, unknownMessage } from "./offset.js";

interface NamedMessage {
  readonly name: string;
  /** Counted by this host. */
  readonly position: number;
  readonly at: number;
}

/** How much is kept of what exceeds a limit: somewhat less, so that lists are not moved each time. */
export const KEPT_SHARE = 0.9;

/**
 * Names for the messages of the fleet's channel, by which hosts agree on how far a client had come.
 *
 * A name depends on all messages since the last checkpoint (see `Checkpoints`). Two hosts come to the same name only if
 * they have read the same messages in the same order.
 */
export class MessageNames {
  readonly #maxNames: number;
  readonly #now: () => number;
  /** In order, and by name. */
  readonly #messages: NamedMessage[] = [];
  readonly #byName = new Map<string, NamedMessage>();
  #last = "";
  #position = 0;
  #completeSince: number;

  constructor(maxNames: number, now: () => number) {
    this.#maxNames = maxNames;
    this.#now = now;
    this.#completeSince = now();
    this.#add(unknownMessage());
  }

  /** Of the last message read. */
  get last(): string {
    return this.#last;
  }

  /** Of the last message read, counted from 1. */
  get position(): number {
    return this.#position;
  }

  /** Since when no name is missing here, in the time of `now`. */
  get completeSince(): number {
    return this.#completeSince;
  }

  positionOf(name: string): number | undefined {
    return this.#byName.get(name)?.position;
  }

  /** A message came over the channel, of whatever kind. */
  record(payload: Uint8Array, isCheckpoint: boolean): void {
    this.#position += 1;
    this.#add(messageName(isCheckpoint ? "" : this.#last, payload));
  }

  /** Messages were lost, or may have been. */
  clear(): void {
    this.#messages.length = 0;
    this.#byName.clear();
    this.#completeSince = this.#now();
    this.#add(unknownMessage());
  }

  /** Drops names that are older than the given time. */
  dropBefore(oldest: number): void {
    const index = this.#messages.findIndex(({ at }) => at >= oldest);
    this.#drop(index === -1 ? this.#messages.length : index);
  }

  #add(name: string): void {
    const message = { name, position: this.#position, at: this.#now() };
    this.#last = name;
    this.#messages.push(message);
    this.#byName.set(name, message);
    if (this.#messages.length > this.#maxNames) {
      this.#drop(this.#messages.length - Math.floor(this.#maxNames * KEPT_SHARE));
    }
  }

  /** The oldest ones. */
  #drop(count: number): void {
    for (const { name, at } of this.#messages.splice(0, count)) {
      this.#byName.delete(name);
      this.#completeSince = Math.max(this.#completeSince, at);
    }
  }
}
