import { now } from "../shared/clock.js";

/** Messages that are overdue for longer are skipped: nobody sends while the event loop is blocked. */
const CATCH_UP_MS = 100;

/**
 * Calls `send` that many times a second.
 *
 * @returns a function that stops it
 */
export function startPace(rate: number, send: () => void): () => void {
  const interval = 1_000 / rate;
  let due = now();
  const timer = setInterval(() => {
    const at = now();
    due = Math.max(due, at - CATCH_UP_MS);
    for (; due <= at; due += interval) {
      send();
    }
  }, interval);
  return () => clearInterval(timer);
}
