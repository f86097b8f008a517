/** A signal that aborts after a time, or with another one. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Call when what it limits is over: releases the timer. */
  end(): void;
}

/**
 * Not `AbortSignal.any([AbortSignal.timeout(…), other])`: Node 20 forgets the timeout at the next garbage collection, and the
 * signal never aborts.
 */
export function timeLimit(milliseconds: number, other: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, milliseconds);
  if (other.aborted) {
    abort();
  } else {
    other.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      other.removeEventListener("abort", abort);
    },
  };
}
