import type { ExecutionContext } from "ava";
import type { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import type { OpenBus } from "./open-bus.js";

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

/**
 * Stops the traffic. All of it has arrived, in order, and no bus has dropped anything.
 *
 * @param inboxes - in the order of the traffic that they get
 */
export async function assertAllArrived(
  t: ExecutionContext,
  traffic: readonly Traffic[],
  inboxes: readonly Inbox<string>[],
  buses: readonly OpenBus[],
): Promise<void> {
  for (const [direction, inbox] of inboxes.entries()) {
    const sent = (await traffic[direction]?.stop()) ?? [];
    await inbox.find("the last", (text) => text === String(sent.at(-1)));
    t.deepEqual(firstArrivals(numbersIn(inbox)), sent);
  }
  const dropped = buses.flatMap(({ statuses }) => statuses.items.filter(({ type }) => type === "dropped"));
  t.deepEqual(dropped, []);
}
