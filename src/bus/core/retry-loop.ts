import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";

/** @internal One attempt that failed, and what comes next. */
export interface RetryFailure {
  readonly error: unknown;
  /** Counts failures in a row, from 1. */
  readonly attempt: number;
  /** Milliseconds until the next attempt. */
  readonly delay: number;
  /** Whether it was connected for at least `minLifetime`. */
  readonly hasLasted: boolean;
}

/** @internal */
export interface RetryLoopOptions {
  /**
   * One connection, or whatever else is lost and made again. Calls `connected` when it works, and rejects when it fails.
   * Resolves when there is nothing left to do, which ends the loop.
   */
  session(connected: () => void): Promise<void>;
  /** Called before the pause. */
  onFailure(failure: RetryFailure): void;
  /** Ends the loop, at the latest when the session that is running ends. */
  readonly signal: AbortSignal;
  /** A session that was connected for less, in milliseconds, counts as one more failed attempt. @default 0 */
  readonly minLifetime?: number;
  /**
   * Whether a session that was connected for so many milliseconds, and less than 0 for one that never was, is followed by
   * the next at once, and `onFailure` is called only if that one fails: brokers close connections that are idle.
   * @default never
   */
  readonly endsSilently?: (lifetime: number) => boolean;
}

/** @internal */
export interface RetryLoop {
  /** Never rejects. */
  readonly ended: Promise<void>;
  /** Cuts the pause short, because the broker is known to be back. */
  retryNow(): void;
}

/** @internal Runs one session after another until the signal comes, with growing pauses between attempts that fail. */
export function startRetryLoop(options: RetryLoopOptions): RetryLoop {
  const { session, onFailure, signal, minLifetime = 0, endsSilently = () => false } = options;
  let wake = (): void => {};

  async function pauseUnlessWoken(delay: number): Promise<void> {
    const woken = new AbortController();
    const abort = () => woken.abort();
    wake = abort;
    signal.addEventListener("abort", abort);
    await pause(delay, woken.signal);
    signal.removeEventListener("abort", abort);
  }

  async function run(): Promise<void> {
    let attempt = 0;
    while (!signal.aborted) {
      let connectedAt = Number.POSITIVE_INFINITY;
      try {
        await session(() => {
          connectedAt = performance.now();
        });
        return;
      } catch (error) {
        const lifetime = performance.now() - connectedAt;
        const hasLasted = lifetime >= minLifetime;
        attempt = hasLasted ? 0 : attempt;
        if (!signal.aborted && !endsSilently(lifetime)) {
          attempt += 1;
          const delay = backoff(attempt);
          onFailure({ error, attempt, delay, hasLasted });
          await (signal.aborted ? undefined : pauseUnlessWoken(delay));
        }
      }
    }
  }

  return { ended: run(), retryNow: () => wake() };
}
