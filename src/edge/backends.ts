import { BridgeError } from "../errors.js";
import { backoff } from "../util/backoff.js";
import { pause } from "../util/pause.js";
import { type Backend, BackendFailure } from "./backend.js";
import type { Body } from "./body.js";

/** How long a backend may take to say what it is, in milliseconds. */
const DESCRIBE_MS = 5_000;

interface Member {
  readonly backend: Backend;
  /** Calls in flight. */
  calls: number;
  isAway: boolean;
}

export interface BackendsOptions {
  /** Calls in flight at each; others wait. */
  readonly maxCalls: number;
  /** Milliseconds that a worker may take for a call. */
  readonly timeout: number;
  /** What an application has told of itself, at the start and whenever it is back. */
  readonly onDescribed: (description: Body["head"]) => void;
  readonly onAway: (backend: string, failure: BackendFailure) => void;
  readonly onBack: (backend: string) => void;
}

/**
 * Takes each call to the backend that has the fewest. One that does not answer is left alone, and asked with growing pauses
 * whether it is back; what no worker has begun with waits for it, or goes to another.
 */
export class Backends {
  readonly #members: readonly Member[];
  readonly #options: BackendsOptions;
  readonly #closing = new AbortController();
  /** Calls that wait for a place, the first first. */
  readonly #waiting = new Set<() => void>();
  readonly #probes = new Set<Promise<void>>();

  constructor(backends: readonly Backend[], options: BackendsOptions) {
    this.#members = backends.map((backend) => ({ backend, calls: 0, isAway: true }));
    this.#options = options;
  }

  /** Asks all of them until they answer. Resolves when the first has. */
  async start(): Promise<void> {
    for (const member of this.#members) {
      this.#probe(member);
    }
    await this.#place(this.#closing.signal);
  }

  /**
   * @param waiting - ends the wait for a place, not the call
   * @throws BackendFailure rejects if the call may have run, or `waiting` has come; BridgeError `BRIDGE_CLOSED`
   */
  async call(body: Buffer, waiting: AbortSignal): Promise<Body> {
    for (;;) {
      const member = await this.#place(waiting);
      member.calls += 1;
      try {
        return await member.backend.call(body, this.#signal(this.#options.timeout));
      } catch (error) {
        const failure = error as BackendFailure;
        if (failure.isAway) {
          this.#leave(member, failure);
        }
        if (failure.mayHaveRun || !failure.isAway) {
          throw failure;
        }
      } finally {
        member.calls -= 1;
        this.#wakeNext();
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const wake of this.#waiting) {
      wake();
    }
    for (const { backend } of this.#members) {
      backend.close();
    }
    await Promise.all(this.#probes);
  }

  #signal(timeout: number): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeout)]);
  }

  /** A backend that takes another call. */
  async #place(waiting: AbortSignal): Promise<Member> {
    for (;;) {
      if (this.#closing.signal.aborted) {
        throw new BridgeError("BRIDGE_CLOSED", "the edge is closed");
      }
      const [free] = this.#members
        .filter(({ calls, isAway }) => !isAway && calls < this.#options.maxCalls)
        .sort((one, other) => one.calls - other.calls);
      if (free !== undefined) {
        return free;
      }
      if (waiting.aborted) {
        throw new BackendFailure("no worker has taken the call in time", { mayHaveRun: false, isAway: false });
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          waiting.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        waiting.addEventListener("abort", wake);
      });
    }
  }

  #wakeNext(): void {
    const [next] = this.#waiting;
    next?.();
  }

  #leave(member: Member, failure: BackendFailure): void {
    if (!member.isAway) {
      member.isAway = true;
      this.#options.onAway(member.backend.name, failure);
      this.#probe(member);
    }
  }

  #probe(member: Member): void {
    const probe = this.#untilBack(member).finally(() => this.#probes.delete(probe));
    this.#probes.add(probe);
  }

  async #untilBack(member: Member): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        const { head } = await member.backend.describe(this.#signal(DESCRIBE_MS));
        member.isAway = false;
        this.#options.onDescribed(head);
        this.#options.onBack(member.backend.name);
        for (const wake of [...this.#waiting].slice(0, this.#options.maxCalls)) {
          wake();
        }
        return;
      } catch (failure) {
        if (attempt === 1 && !signal.aborted) {
          this.#options.onAway(member.backend.name, failure as BackendFailure);
        }
        await pause(backoff(attempt), signal);
      }
    }
  }
}
