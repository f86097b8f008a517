import type { Redis } from "ioredis";
import { pause } from "../../util/pause.js";

/** What a subscriber may leave unread before it is waited for. With eight times as much, Redis disconnects it. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** A subscriber that reads nothing for so long, in milliseconds, is not waited for. */
const STUCK_MS = 5_000;

/**
 * Nor is one that is waited for so long and still has much to read: others fill it, on whatever channel. Shorter than hosts
 * do without each other's heartbeats, which wait as well.
 */
const LONGEST_WAIT_MS = 10_000;

/** Between two looks, in milliseconds. */
const POLL_MS = 20;

/** A line of the reply to CLIENT LIST. */
const CLIENT = /^id=(\d+) .* omem=(\d+)/gm;

interface Sample {
  readonly unread: number;
  /** Since when it has had much to read. */
  readonly since: number;
  /** When it was last found to have read something. */
  readonly readAt: number;
}

/** @internal Subscribers that have left much unread, by what Redis says of them (`CLIENT LIST`, from Redis 5.0 on). */
export class SlowSubscribers {
  readonly #closing: AbortSignal;
  /** By the id of the connection. */
  #samples: ReadonlyMap<string, Sample> = new Map();

  constructor(closing: AbortSignal) {
    this.#closing = closing;
  }

  /**
   * Resolves when no subscriber that reads has much left to read; at once where Redis does not disclose it, as under an
   * ACL without CLIENT. Never rejects.
   */
  async wait(connection: Redis): Promise<void> {
    while (!this.#closing.aborted && (await this.#areSome(connection))) {
      await pause(POLL_MS, this.#closing);
    }
  }

  async #areSome(connection: Redis): Promise<boolean> {
    const now = performance.now();
    const samples = new Map<string, Sample>();
    for (const [id, unread] of await unreadBySubscriber(connection)) {
      const last = this.#samples.get(id);
      const readAt = last === undefined || unread < last.unread ? now : last.readAt;
      samples.set(id, { unread, readAt, since: last?.since ?? now });
    }
    this.#samples = samples;
    return [...samples.values()].some(({ readAt, since }) => now - readAt < STUCK_MS && now - since < LONGEST_WAIT_MS);
  }
}

/** Of those that have left more than `MAX_UNREAD_BYTES`. */
async function unreadBySubscriber(connection: Redis): Promise<ReadonlyMap<string, number>> {
  try {
    const list = String(await connection.call("CLIENT", "LIST", "TYPE", "pubsub"));
    const clients = [...list.matchAll(CLIENT)].map(([, id = "", unread]) => [id, Number(unread)] as const);
    return new Map(clients.filter(([, unread]) => unread > MAX_UNREAD_BYTES));
  } catch {
    // Also where the connection was lost.
    return new Map();
  }
}
