/** A host hears its fleet again within two seconds of the broker being back, so no pause is longer than half of that. */
const LONGEST_MS = 1_000;

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
