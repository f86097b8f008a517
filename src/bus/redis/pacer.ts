import type { Redis } from "ioredis";
import { atMost } from "../../util/at-most.js";
import type { OutgoingMessage } from "../core/outbox.js";
import { SlowSubscribers } from "./slow-subscribers.js";

/** Most bytes that are handed over before subscribers are known to have read earlier ones, unless one message has more. */
const MAX_AHEAD_BYTES = 1024 * 1024;

/** So many bytes are worth a check. */
const CHECK_BYTES = MAX_AHEAD_BYTES / 4;

/** @internal */
export interface PacerOptions {
  /** Resolves when this process has received what it published on the channel, or does not receive from it. */
  echo(channel: string): Promise<void>;
  /** Milliseconds after which an echo is not awaited any longer. */
  readonly longestEcho: number;
  readonly closing: AbortSignal;
  /** More may be handed over. */
  onBudget(): void;
}

/**
 * @internal Redis disconnects a subscriber that leaves 32 MiB unread, or 8 MiB for a minute, and what it had not read is
 * lost (`client-output-buffer-limit pubsub`). So messages are handed over no faster than they are read: by this process,
 * whose own messages come back, and by all subscribers, where Redis discloses what they have not read.
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #slow: SlowSubscribers;
  #ahead = 0;
  /** Those of the bytes ahead, and their channels, that no check covers yet. */
  #unchecked = 0;
  #channels = new Set<string>();
  #isChecking = false;
  /** Counts connections. */
  #epoch = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#slow = new SlowSubscribers(options.closing);
  }

  /** Bytes that may be handed over now. */
  get budget(): number {
    return MAX_AHEAD_BYTES - this.#ahead;
  }

  sent(connection: Redis, { channel, payload }: OutgoingMessage): void {
    this.#ahead += payload.byteLength;
    this.#unchecked += payload.byteLength;
    this.#channels.add(channel);
    if (this.#unchecked >= CHECK_BYTES && !this.#isChecking) {
      void this.#check(connection);
    }
  }

  /** The connection is gone. */
  reset(): void {
    this.#epoch += 1;
    this.#ahead = 0;
    this.#unchecked = 0;
    this.#isChecking = false;
  }

  async #check(connection: Redis): Promise<void> {
    const { echo, longestEcho, onBudget } = this.#options;
    const epoch = this.#epoch;
    this.#isChecking = true;
    while (this.#unchecked >= CHECK_BYTES) {
      const bytes = this.#unchecked;
      const echoes = Promise.all([...this.#channels].map(echo));
      this.#unchecked = 0;
      this.#channels = new Set();
      await Promise.all([atMost(longestEcho, echoes), this.#slow.wait(connection)]);
      if (epoch !== this.#epoch) {
        return;
      }
      this.#ahead -= bytes;
      onBudget();
    }
    this.#isChecking = false;
  }
}
