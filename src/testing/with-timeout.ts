import { AsyncLocalStorage } from "node:async_hooks";

/** Longer than anything on this machine should take. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Milliseconds that everything called inside it waits, unless it says otherwise: `waitTimeout.run(5_000, run)`. */
export const waitTimeout = new AsyncLocalStorage<number>();

/** @throws Error that names `what` if the promise has not settled in time, so that nothing hangs silently */
export async function withTimeout<T>(
  what: string,
  promise: Promise<T>,
  timeout = waitTimeout.getStore() ?? DEFAULT_TIMEOUT_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`timed out after ${timeout} ms waiting for ${what}`)), timeout);
    // It does not keep a process alive that nothing else keeps alive.
    timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
