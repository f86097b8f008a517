import { pause } from "./pause.js";

/** Waits for the promise, but no longer than that many milliseconds. Rejects if the promise does so in time. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([promise, pause(milliseconds, timer.signal)]);
  } finally {
    timer.abort();
  }
}
