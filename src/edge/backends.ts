import { setMaxListeners } from "node:events";
import { BridgeError } from "../errors.js";
import { backoff } from "../util/backoff.js";
import { pause } from "../util/pause.js";
import { timeLimit } from "../util/time-limit.js";
import type { Application } from "./application.js";
import type { Backend } from "./backend.js";
import { BackendFailure } from "./backend-failure.js";
import type { Body } from "./body.js";
import { CallGatherer } from "./gatherer.js";

/** How long a backend may take to say what it handles, in milliseconds. */
const DESCRIBE_MS = 5_000;

/**
 * How often it is asked anew, in milliseconds. An answer of another revision is a reason to ask at once, and an event that
 * nobody handles.
 */
const ASK_EVERY_MS = 10_000;

/** How often there may be such a reason, in milliseconds: while workers are replaced, each second answer is another one. */
const REFRESH_MS = 1_000;

/**
 * A backend that is busy may have no worker for the question. One that says nothing so many times, and answers no call
 * meanwhile, is away.
 */
const MOST_SILENCES = 3;

interface Member {
  readonly backend: Backend;
  readonly gatherer: CallGatherer;
  /** Calls in flight. */
  calls: number;
  isAway: boolean;
  /** How many times in a row it has not said what it handles, and answered no call, while it was not away. */
  silences: number;
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

export interface CallOptions {
  /** Calls of one name take about as long: see `CallGatherer`. */
  readonly name: string;
  /** Monotonic milliseconds until which it may wait for a place; a call that runs has `timeout`. */
  readonly deadline: number;
  /** Whether it may be sent again where a worker has ended with it. */
  readonly isRepeatable: boolean;
  /** Called whenever it is sent. What it throws ends the call. */
  readonly onSent?: () => void;
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
  /** Those who wait until one backend has answered. */
  readonly #unready = new Set<() => void>();
  readonly #watches: readonly Promise<void>[];
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(backends: readonly Backend[], options: BackendsOptions) {
    this.#members = backends.map((backend) => {
      const member: Member = {
        backend,
        gatherer: new CallGatherer(backend, () => member.application?.inOrder === true),
        calls: 0,
        isAway: true,
        silences: 0,
        application: undefined,
        wake: new AbortController(),
      };
      return member;
    });
    this.#options = options;
    // Each call in flight listens; Node warns of the eleventh.
    setMaxListeners(0, this.#closing.signal);
    this.#watches = this.#members.map((member) => this.#watch(member));
  }

  /** Of each backend that has answered, as it last did. */
  get applications(): readonly Application[] {
    return this.#members.flatMap(({ application }) => application ?? []);
  }

  /** Resolves when the first of them has answered. @throws BridgeError rejects with `BRIDGE_CLOSED` */
  async ready(): Promise<void> {
    if (this.applications.length === 0 && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => this.#unready.add(resolve));
    }
    this.#assertOpen();
  }

  /** Asks the backends soon what they handle: perhaps a redeploy has brought more. */
  refresh(): void {
    if (performance.now() - this.#refreshedAt > REFRESH_MS) {
      this.#refreshedAt = performance.now();
      for (const { wake } of this.#members) {
        wake.abort();
      }
    }
  }

  /** @throws BackendFailure rejects if the call may have run, or got no place; BridgeError `BRIDGE_CLOSED` */
  async call(body: Buffer, { name, deadline, isRepeatable, onSent }: CallOptions): Promise<Body> {
    for (;;) {
      const member = await this.#place(deadline);
      const limit = timeLimit(this.#options.timeout, this.#closing.signal);
      try {
        const reply = await member.gatherer.call({ name, body, signal: limit.signal, onSent });
        member.silences = 0;
        if (reply.head.revision !== member.application?.revision) {
          this.refresh();
        }
        return reply;
      } catch (failure) {
        if (!(failure instanceof BackendFailure)) {
          throw failure;
        }
        if (failure.isAway) {
          this.#leave(member, failure);
        }
        const mayRepeat = failure.mayHaveRun ? isRepeatable && failure.isAway : failure.isAway || failure.isStale;
        if (!mayRepeat) {
          throw failure;
        }
      } finally {
        limit.end();
        member.calls -= 1;
        this.#wakeNext();
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const wake of [...this.#waiting, ...this.#unready]) {
      wake();
    }
    for (const { backend, wake } of this.#members) {
      wake.abort();
      backend.close();
    }
    await Promise.all(this.#watches);
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) {
      throw new BridgeError("BRIDGE_CLOSED", "the edge is closed");
    }
  }

  /** A backend that takes another call, with a place in it that is the caller's: many may ask at the same moment. */
  async #place(deadline: number): Promise<Member> {
    for (;;) {
      this.#assertOpen();
      const [free] = this.#members
        .filter(({ calls, isAway }) => !isAway && calls < this.#options.maxCalls)
        .sort((one, other) => one.calls - other.calls);
      if (free !== undefined) {
        free.calls += 1;
        return free;
      }
      const rest = deadline - performance.now();
      if (rest <= 0) {
        throw new BackendFailure("no worker has taken the call in time", { mayHaveRun: false, isAway: false });
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.ceil(rest));
        this.#waiting.add(wake);
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
      const limit = timeLimit(DESCRIBE_MS, signal);
      try {
        this.#answered(member, await member.backend.describe(limit.signal));
      } catch (failure) {
        this.#failed(member, failure as BackendFailure, attempt);
      } finally {
        limit.end();
      }
      if (signal.aborted) {
        return;
      }
      if (!member.isAway) {
        await pause(ASK_EVERY_MS, member.wake.signal);
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

  #failed(member: Member, failure: BackendFailure, attempt: number): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    member.silences += 1;
    if (!member.isAway && (failure.isAway || member.silences >= MOST_SILENCES)) {
      this.#leave(member, failure);
    } else if (member.application === undefined && attempt === 1) {
      this.#options.onAway(member.backend.name, failure);
    }
  }

  #answered(member: Member, application: Application): void {
    const { revision } = member.application ?? {};
    member.application = application;
    member.silences = 0;
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
    for (const resolve of this.#unready) {
      resolve();
    }
    this.#unready.clear();
  }
}
