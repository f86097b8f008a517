import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";

/** A session that lasted this long has shown that the broker is there: its end may be no outage. In milliseconds. */
const LASTING_MS = 1_000;

export interface ReconnectOptions {
  /** Works until it fails. Calls `began` once it is connected. */
  session(began: () => void): Promise<void>;
  onFailure(error: unknown, attempt: number, delay: number): void;
  readonly signal: AbortSignal;
}

/**
 * Runs one session after the other until the signal comes, with pauses between attempts. The first attempt after a
 * session that lasted is made at once, and nothing is told unless it fails: brokers close connections that are idle.
 *
 * Never rejects.
 */
export async function runWithReconnect({ session, onFailure, signal }: ReconnectOptions): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    let since = Number.POSITIVE_INFINITY;
    try {
      await session(() => {
        attempt = 0;
        since = performance.now();
      });
      return;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (performance.now() - since < LASTING_MS || since === Number.POSITIVE_INFINITY) {
        attempt += 1;
        const delay = backoff(attempt);
        onFailure(error, attempt, delay);
        await pause(delay, signal);
      }
    }
  }
}

/** Waits for all, also when one has failed; then throws what failed first. */
export async function allOrFirstFailure(
  tasks: readonly Promise<void>[],
  onFirstFailure: () => void = () => {},
): Promise<void> {
  let first: { readonly error: unknown } | undefined;
  const watched = tasks.map((task) =>
    task.catch((error: unknown) => {
      if (first === undefined) {
        first = { error };
        onFirstFailure();
      }
    }),
  );
  await Promise.all(watched);
  if (first !== undefined) {
    throw (first as { readonly error: unknown }).error;
  }
}
