/** Far more hosts than any fleet has. */
const MAX_HOSTS = 10_000;

interface Waiting {
  readonly host: string;
  readonly number: number;
  end(isHeard: boolean): void;
}

/** Which marks of which hosts came over the channel: see `History`. Whoever has heard one has heard all before it. */
export class CheckpointTracker {
  /** The last number by host. */
  readonly #heard = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #isClosed = false;

  record(host: string, number: number): void {
    this.#heard.set(host, number);
    if (this.#heard.size > MAX_HOSTS) {
      this.#heard.clear();
    }
    for (const waiting of this.#waiting) {
      if (waiting.host === host && waiting.number <= number) {
        waiting.end(true);
      }
    }
  }

  /** @param patience - milliseconds @returns whether it was heard. Never rejects */
  waitFor(host: string, number: number, patience: number): Promise<boolean> {
    if (this.#isClosed || (this.#heard.get(host) ?? 0) >= number) {
      return Promise.resolve(!this.#isClosed);
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.end(false), patience);
      const waiting: Waiting = {
        host,
        number,
        end: (isHeard) => {
          clearTimeout(timer);
          this.#waiting.delete(waiting);
          resolve(isHeard);
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
