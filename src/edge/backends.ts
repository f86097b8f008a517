import { BridgeError } from "../errors.js";
import { backoff } from "../util/backoff.js";
import { pause } from "../util/pause.js";
import type { Application } from "./application.js";
import type { Backend } from "./backend.js";
import { BackendFailure } from "./backend-failure.js";
import type { Body } from "./body.js";

/** How long a backend may take to say what it handles, in milliseconds. */
const DESCRIBE_MS = 5_000;

/** How often it is asked anew, in milliseconds. An answer of another revision is a reason to ask at once. */
const ASK_EVERY_MS = 10_000;

interface Member {
  readonly backend: Backend;
  /** Calls in flight. */
  calls: number;
  isAway: boolean;
  /** As it was when the backend last answered. */
  application: Application | undefined;
  /** Ends the pause until it is asked again. */
  wake: AbortController;
}

export interface BackendsOptions {
  /** Calls in flight at each; others wait. */
  readonly maxCalls: number;
  /** Milliseconds that a worker may take for a call. */
  readonly timeout: number;
  /** What the backends handle is another than before: see `applications`. */
  readonly onChanged: () => void;
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
  readonly #watches: readonly Promise<void>[];

  constructor(backends: readonly Backend[], options: BackendsOptions) {
    this.#members = backends.map((backend) => ({
      backend,
      calls: 0,
      isAway: true,
      application: undefined,
      wake: new AbortController(),
    }));
    this.#options = options;
    this.#watches = this.#members.map((member) => this.#watch(member));
  }

  /** Of each backend that has answered, as it last did. */
  get applications(): readonly Application[] {
    return this.#members.flatMap(({ application }) => application ?? []);
  }

  /** Resolves when the first of them has answered. @throws BridgeError `BRIDGE_CLOSED` */
  async ready(): Promise<void> {
    await this.#place(this.#closing.signal);
  }

  /**
   * @param waiting - ends the wait for a place, not the call
   * @param isRepeatable - whether it may be sent again where a worker has ended with it
   * @throws BackendFailure rejects if the call may have run, or `waiting` has come; BridgeError `BRIDGE_CLOSED`
   */
  async call(body: Buffer, waiting: AbortSignal, isRepeatable: boolean): Promise<Body> {
    for (;;) {
      const member = await this.#place(waiting);
      member.calls += 1;
      try {
        const reply = await member.backend.call(body, this.#signal(this.#options.timeout));
        if (reply.head.revision !== member.application?.revision) {
          member.wake.abort();
        }
        return reply;
      } catch (error) {
        const failure = error as BackendFailure;
        if (failure.isAway) {
          this.#leave(member, failure);
        }
        if ((failure.mayHaveRun && !isRepeatable) || !failure.isAway) {
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
    await Promise.all(this.#watches);
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
      member.wake.abort();
    }
  }

  /** Asks the backend what it handles, again and again. Never rejects. */
  async #watch(member: Member): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; ) {
      member.wake = new AbortController();
      try {
        this.#answered(member, await member.backend.describe(this.#signal(DESCRIBE_MS)));
        await pause(ASK_EVERY_MS, AbortSignal.any([signal, member.wake.signal]));
      } catch (failure) {
        this.#failed(member, failure as BackendFailure, attempt);
      }
      if (member.isAway) {
        // Also where it answers this question, and then refuses calls.
        await pause(backoff(attempt), signal);
        attempt += 1;
      } else {
        attempt = 1;
      }
    }
  }

  /** One that is busy may have no worker for the question: it is away only if nobody answers at all. */
  #failed(member: Member, failure: BackendFailure, attempt: number): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    if (!member.isAway && failure.isAway) {
      this.#leave(member, failure);
    } else if (member.application === undefined && attempt === 1) {
      this.#options.onAway(member.backend.name, failure);
    }
  }

  #answered(member: Member, application: Application): void {
    const { revision } = member.application ?? {};
    member.application = application;
    if (revision !== application.revision) {
      this.#options.onChanged();
    }
    if (member.isAway) {
      member.isAway = false;
      this.#options.onBack(member.backend.name);
      for (const wake of [...this.#waiting].slice(0, this.#options.maxCalls)) {
        wake();
      }
    }
  }
}
