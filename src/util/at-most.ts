import { setImmediate } from "node:timers/promises";
import { pause } from "./pause.js";

/**
 * Waits for the promise, but no longer than that many milliseconds. Rejects if the promise does so in time.
 *
 * @returns whether it has settled. What arrived while this process was blocked is in time
 */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  let isSettled = false;
  const settled = promise.then(() => {
    isSettled = true;
  });
  try {
    await Promise.race([settled, pause(milliseconds, timer.signal)]);
    if (!isSettled) {
      // Sockets are read after the timers that are due.
      await Promise.race([settled, setImmediate()]);
    }
    return isSettled;
  } finally {
    timer.abort();
  }
}
