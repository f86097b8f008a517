import type { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

const INTERVAL_MS = 5;

export interface Traffic {
  /** The number that is published next. */
  readonly next: number;
  /** Resolves when every number was confirmed. @returns all of them */
  stop(): Promise<readonly number[]>;
}

/** Publishes 0, 1, 2 and so on, one every few milliseconds, until it is stopped. */
export function startTraffic(scope: Scope, publish: (number: number) => void | Promise<void>): Traffic {
  const published: Promise<void>[] = [];
  const timer = setInterval(() => published.push(Promise.resolve(publish(published.length))), INTERVAL_MS);
  cleanUp(scope, () => clearInterval(timer));
  return {
    get next() {
      return published.length;
    },
    stop: async () => {
      clearInterval(timer);
      await withTimeout("all traffic to be confirmed", Promise.all(published));
      return [...published.keys()];
    },
  };
}

/** Without repeats: what a lost connection left unconfirmed is sent again. */
export const firstArrivals = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

/** @returns the numbers among the messages of an inbox, in the order in which they arrived */
export const numbersIn = ({ items }: Inbox<string>): readonly number[] =>
  items.map(Number).filter((number) => !Number.isNaN(number));
