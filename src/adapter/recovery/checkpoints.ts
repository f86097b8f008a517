import type { CheckpointMessage } from "../../protocol/model/messages.js";

/** Far more hosts than any fleet has. */
const MAX_HOSTS = 10_000;

/** Names one checkpoint message of the fleet's channel: a host that has received it has received all before it. */
export interface Checkpoint {
  readonly host: string;
  /** Counts from 1. */
  readonly number: number;
}

interface Waiting {
  readonly checkpoint: Checkpoint;
  end(wasReceived: boolean): void;
}

/**
 * Checkpoints of this host and of others. A checkpoint is a message on the fleet's channel that is like no other: from it
 * on, hosts agree on the names of messages (see `MessageNames`), and whoever has received it is up to date with its sender.
 */
export class Checkpoints {
  readonly #hostId: string;
  readonly #publish: (message: CheckpointMessage) => void;
  /** The number of this host's last one. */
  #written = 0;
  /** The last number received, by host. */
  readonly #received = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #isClosed = false;

  constructor(hostId: string, publish: (message: CheckpointMessage) => void) {
    this.#hostId = hostId;
    this.#publish = publish;
  }

  /** Publishes one of this host. */
  write(): Checkpoint {
    this.#written += 1;
    const checkpoint = { host: this.#hostId, number: this.#written };
    this.#publish({ method: "node_checkpoint", number: checkpoint.number, hostId: checkpoint.host });
    return checkpoint;
  }

  /** One came over the channel. */
  record(host: string, number: number): void {
    this.#received.set(host, number);
    if (this.#received.size > MAX_HOSTS) {
      this.#received.clear();
    }
    for (const waiting of this.#waiting) {
      if (waiting.checkpoint.host === host && waiting.checkpoint.number <= number) {
        waiting.end(true);
      }
    }
  }

  /** @param timeout - milliseconds @returns whether it was received in time. Never rejects */
  waitFor(checkpoint: Checkpoint, timeout: number): Promise<boolean> {
    if (this.#isClosed) {
      return Promise.resolve(false);
    }
    if ((this.#received.get(checkpoint.host) ?? 0) >= checkpoint.number) {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.end(false), timeout);
      const waiting: Waiting = {
        checkpoint,
        end: (wasReceived) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(wasReceived);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const waiting of this.#waiting) {
      waiting.end(false);
    }
  }
}
