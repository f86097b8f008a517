import type { Span } from "../shared/clock.js";

/** A numbered message that a client received. Times are in milliseconds. */
export interface Arrival {
  readonly sender: string;
  readonly number: number;
  readonly sentAt: number;
  readonly at: number;
}

export interface Tally {
  /** Different numbers that arrived. */
  readonly received: number;
  readonly highest: number;
  /** Expected numbers that did not arrive. */
  readonly missing: readonly number[];
  /** Every further arrival of a number. */
  readonly doubles: readonly Arrival[];
  /** First arrivals that came after a higher number of the same sender. */
  readonly outOfOrder: number;
}

/** Accounts for the numbers of one sender at one client. */
export function tally(arrivals: readonly Arrival[], sender: string, expected: readonly number[]): Tally {
  const seen = new Set<number>();
  const doubles: Arrival[] = [];
  let highest = 0;
  let outOfOrder = 0;
  for (const arrival of arrivals) {
    if (arrival.sender !== sender) {
      continue;
    }
    if (seen.has(arrival.number)) {
      doubles.push(arrival);
      continue;
    }
    seen.add(arrival.number);
    outOfOrder += arrival.number < highest ? 1 : 0;
    highest = Math.max(highest, arrival.number);
  }
  return { received: seen.size, highest, missing: expected.filter((number) => !seen.has(number)), doubles, outOfOrder };
}

/** The longest gap between two arrivals that overlaps the span. */
export function longestSilence(arrivals: readonly Arrival[], span: Span): Span | undefined {
  let longest: Span | undefined;
  for (const [index, { at: to }] of arrivals.entries()) {
    const from = arrivals[index - 1]?.at ?? to;
    const touches = to > span.from && from < span.to;
    if (touches && to - from > (longest === undefined ? 0 : longest.to - longest.from)) {
      longest = { from, to };
    }
  }
  return longest;
}

/** 1, 2, … */
export function upTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** `[1, 2, 3, 7]` as `1-3, 7`. */
export function ranges(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) {
      last[1] = number;
    } else {
      found.push([number, number]);
    }
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
