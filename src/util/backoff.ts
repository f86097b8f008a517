/**
 * Longest wait between two attempts. Other hosts are given `outage.subscriberGrace` to subscribe again after an outage,
 * which must be longer than this.
 */
const LONGEST_MS = 500;

/**
 * How long to wait before an attempt to reconnect, in milliseconds: doubles from 50 ms up to half a second. A random part
 * keeps the hosts of a fleet from coming back all at once.
 *
 * @param attempt - counts from 1
 */
export function backoff(attempt: number): number {
  const ceiling = Math.min(50 * 2 ** Math.min(attempt - 1, 10), LONGEST_MS);
  return Math.round(ceiling * (0.5 + Math.random() / 2));
}
