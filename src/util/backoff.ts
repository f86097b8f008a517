/**
 * Traffic flows again within two seconds of the broker being back: this pause, and then the time that the others are
 * given to subscribe (`subscriberGrace`), which must be longer for their own pauses.
 */
const LONGEST_MS = 500;

/**
 * Milliseconds to wait before the given attempt to reconnect: doubling from 50 ms, with a random part so that a fleet
 * does not come back in one moment.
 *
 * @param attempt - counts from 1
 */
export function backoff(attempt: number): number {
  const ceiling = Math.min(50 * 2 ** Math.min(attempt - 1, 10), LONGEST_MS);
  return Math.round(ceiling * (0.5 + Math.random() / 2));
}
