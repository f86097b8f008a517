import type { Backend } from "./backend.js";
import { BackendFailure } from "./backend-failure.js";
import type { Body } from "./body.js";

/** A request for one call costs a worker about this, in milliseconds; handlers that take less gain when they share one. */
const QUICK_MS = 2;

/** What a batch is expected to take at most, in milliseconds: others wait behind it. */
const BATCH_MS = 16;
const BATCH_CALLS = 16;
const BATCH_BYTES = 2 ** 20;

/** Requests with quick calls that are under way for each process of Python: one runs, and the next is there when it ends. */
const REQUESTS_PER_PROCESS = 2;

/** A request that takes longer, in milliseconds, has a call that is not quick, and the others need not wait for it. */
const SLOW_MS = 50;

/** A process that has not answered for so long is gone, in milliseconds. */
const FORGET_MS = 30_000;

/** How long a response to a batch may stay open after its last reply, in milliseconds: it holds a connection. */
const END_MS = 5_000;

/** Processes of Python behind one address. Of more, the one that has not answered for longest is forgotten. */
const MOST_PROCESSES = 1_000;

/** Names are those that the application announces. Beyond so many, calls travel alone. */
const MOST_NAMES = 10_000;

/** A handler that is said to take longer does not, in milliseconds: that is as long as an edge can wait. */
const LONGEST_MS = 2 ** 31;

/**
 * Of a new measurement in the average, if it is lower or higher. Where threads wait for each other, handlers seem to take
 * longer the more calls there are, and that is no reason to have more requests.
 */
const SHARE = { lower: 0.5, higher: 0.05 } as const;

export interface GatheredCall {
  /** Calls of one name take about as long. */
  readonly name: string;
  readonly body: Buffer;
  /** Aborted when nobody waits for the reply any longer. */
  readonly signal: AbortSignal;
  /** Called when it is sent. What it throws ends the call. */
  readonly onSent?: (() => void) | undefined;
}

const averageOf = (known: number, measured: number): number =>
  known + (measured < known ? SHARE.lower : SHARE.higher) * (measured - known);

interface Waiting extends GatheredCall {
  settle(reply: Body | BackendFailure): void;
  fail(reason: unknown): void;
  isSettled(): boolean;
}

/**
 * Calls to one backend. While its workers keep up each travels alone, at once. When they do not, those whose handlers are
 * known to be quick wait for each other, and then travel together: a worker spends more on a request than on such a handler.
 */
export class CallGatherer {
  readonly #backend: Backend;
  readonly #isInOrder: () => boolean;
  readonly #slow: number;
  readonly #end: number;
  readonly #waiting = new Set<Waiting>();
  /** Requests with quick calls that are under way. */
  #requests = 0;
  /** Milliseconds that the handler takes while it need not wait for others, by name. */
  readonly #pace = new Map<string, number>();
  /** When each process of Python has last answered, the one that has not for longest first. */
  readonly #processes = new Map<number | undefined, number>();

  /**
   * @param isInOrder - whether a worker runs the calls of a batch one after the other
   * @param slow - milliseconds after which others do not wait for a request any longer
   * @param end - milliseconds that a response may stay open after its last reply
   */
  constructor(backend: Backend, isInOrder: () => boolean, { slow = SLOW_MS, end = END_MS } = {}) {
    this.#backend = backend;
    this.#slow = slow;
    this.#end = end;
    this.#isInOrder = isInOrder;
  }

  /** @throws BackendFailure rejects, and what `onSent` throws */
  call(call: GatheredCall): Promise<Body> {
    return this.#paceOf(call) < QUICK_MS ? this.#gather(call) : this.#callAlone(call);
  }

  #paceOf({ name }: GatheredCall): number {
    return this.#pace.get(name) ?? QUICK_MS;
  }

  async #callAlone(call: GatheredCall): Promise<Body> {
    call.onSent?.();
    const reply = await this.#backend.call(call.body, call.signal);
    this.#observe(call, reply);
    return reply;
  }

  #gather(call: GatheredCall): Promise<Body> {
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const end = () => {
        isSettled = true;
        call.signal.removeEventListener("abort", giveUp);
      };
      const waiting: Waiting = {
        ...call,
        isSettled: () => isSettled,
        settle: (reply) => {
          end();
          return reply instanceof BackendFailure ? reject(reply) : resolve(reply);
        },
        fail: (reason) => {
          end();
          reject(reason);
        },
      };
      const giveUp = () => {
        const isUnsent = this.#waiting.delete(waiting);
        const message = isUnsent ? "no worker has taken the call in time" : `${this.#backend.name}: no reply in time`;
        waiting.settle(new BackendFailure(message, { mayHaveRun: !isUnsent, isAway: false }));
      };
      if (call.signal.aborted) {
        giveUp();
        return;
      }
      call.signal.addEventListener("abort", giveUp);
      this.#waiting.add(waiting);
      this.#flush();
    });
  }

  #flush(): void {
    const most = REQUESTS_PER_PROCESS * Math.max(1, this.#processes.size);
    while (this.#waiting.size > 0 && this.#requests < most) {
      const batch = this.#take();
      if (batch.length > 0) {
        void this.#request(batch);
      }
    }
  }

  /** The next calls to be sent, the first first. */
  #take(): readonly Waiting[] {
    const batch: Waiting[] = [];
    let [time, bytes] = [0, 0];
    for (const call of this.#waiting) {
      time += this.#paceOf(call);
      bytes += call.body.byteLength;
      if (batch.length === BATCH_CALLS || (batch.length > 0 && (time > BATCH_MS || bytes > BATCH_BYTES))) {
        break;
      }
      this.#waiting.delete(call);
      try {
        call.onSent?.();
        batch.push(call);
      } catch (error) {
        call.fail(error);
      }
    }
    return batch;
  }

  /** Never rejects. */
  async #request(batch: readonly Waiting[]): Promise<void> {
    this.#requests += 1;
    let isCounted = true;
    const makeRoom = () => {
      if (isCounted) {
        isCounted = false;
        this.#requests -= 1;
        this.#flush();
      }
    };
    const slow = setTimeout(makeRoom, this.#slow);
    try {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) {
        this.#settle(only, await this.#backend.call(only.body, only.signal));
      } else {
        await this.#callAll(batch);
      }
    } catch (failure) {
      this.#failRest(batch, failure as BackendFailure);
    } finally {
      clearTimeout(slow);
      makeRoom();
    }
  }

  async #callAll(batch: readonly Waiting[]): Promise<void> {
    const request = new AbortController();
    const isDone = () => batch.every((call) => call.isSettled());
    const abortIfDone = () => {
      if (isDone()) {
        request.abort();
      }
    };
    let ending: NodeJS.Timeout | undefined;
    for (const { signal } of batch) {
      signal.addEventListener("abort", abortIfDone);
    }
    try {
      await this.#backend.callAll(
        batch.map(({ body }) => body),
        (number, reply) => {
          const call = batch[number];
          if (call !== undefined) {
            this.#settle(call, reply);
          }
          if (ending === undefined && isDone()) {
            ending = setTimeout(() => request.abort(), this.#end);
          }
        },
        request.signal,
      );
      this.#failRest(
        batch,
        new BackendFailure(`${this.#backend.name} answers a part of the calls`, { mayHaveRun: true, isAway: false }),
      );
    } finally {
      clearTimeout(ending);
      for (const { signal } of batch) {
        signal.removeEventListener("abort", abortIfDone);
      }
    }
  }

  #settle(call: Waiting, reply: Body | BackendFailure): void {
    if (call.isSettled()) {
      return;
    }
    if (!(reply instanceof BackendFailure)) {
      this.#observe(call, reply);
    }
    call.settle(reply);
  }

  /** A worker that ran them one after the other was at the first that has no reply: it has not begun with the others. */
  #failRest(batch: readonly Waiting[], failure: BackendFailure): void {
    const { message, cause, isAway, isStale, hasEnded } = failure;
    const isOneAtATime = hasEnded && this.#isInOrder();
    let mayHaveRun = failure.mayHaveRun;
    for (const call of batch) {
      if (!call.isSettled()) {
        call.settle(new BackendFailure(message, { cause, mayHaveRun, isAway, isStale, hasEnded }));
        mayHaveRun &&= !isOneAtATime;
      }
    }
  }

  /** Untrusted input: what is no time or no process id is passed over. */
  #observe({ name }: GatheredCall, { head: { took, process } }: Body): void {
    const known = this.#pace.get(name);
    const isTime = typeof took === "number" && took >= 0 && took <= LONGEST_MS;
    if (isTime && (known !== undefined || this.#pace.size < MOST_NAMES)) {
      this.#pace.set(name, known === undefined ? took : averageOf(known, took));
    }
    this.#answered(Number.isSafeInteger(process) ? (process as number) : undefined);
  }

  #answered(process: number | undefined): void {
    const now = performance.now();
    const isKnown = this.#processes.delete(process);
    this.#processes.set(process, now);
    if (isKnown) {
      return;
    }
    for (const [oldest, last] of this.#processes) {
      if (now - last <= FORGET_MS && this.#processes.size <= MOST_PROCESSES) {
        break;
      }
      this.#processes.delete(oldest);
    }
  }
}
