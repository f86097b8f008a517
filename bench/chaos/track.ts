import type { Arrivals } from "../fleet/client.js";

export interface Arrival {
  readonly at: number;
  readonly position: number;
}

export interface Neighbour {
  readonly number: number;
  readonly position: number;
}

/** What arrived of one sender at one client. */
export interface Track {
  has(number: number): boolean;
  /** What arrived of the numbers next to it, below and above. */
  neighbours(number: number): readonly [Neighbour | undefined, Neighbour | undefined];
  /** Arrivals after the first. */
  doubles(number: number): readonly Arrival[];
  /** Its first arrival, if a higher number had arrived before. */
  lateArrival(number: number): Arrival | undefined;
}

const NOTHING: Arrivals = { numbers: [], times: [], positions: [] };

export function trackOf({ numbers, times, positions }: Arrivals = NOTHING): Track {
  const first = new Map<number, number>();
  const again = new Map<number, Arrival[]>();
  const late = new Map<number, Arrival>();
  let highest = 0;
  for (const [index, number] of numbers.entries()) {
    const arrival: Arrival = { at: times[index] ?? 0, position: positions[index] ?? 0 };
    if (first.has(number)) {
      again.set(number, [...(again.get(number) ?? []), arrival]);
      continue;
    }
    first.set(number, arrival.position);
    if (number < highest) {
      late.set(number, arrival);
    }
    highest = Math.max(highest, number);
  }
  const sorted = Float64Array.from(first.keys()).sort();
  const neighbour = (number: number | undefined): Neighbour | undefined =>
    number === undefined ? undefined : { number, position: first.get(number) ?? 0 };
  return {
    has: (number) => first.has(number),
    neighbours: (number) => {
      const index = firstAbove(sorted, number);
      return [neighbour(sorted[index - 1]), neighbour(sorted[index])];
    },
    doubles: (number) => again.get(number) ?? [],
    lateArrival: (number) => late.get(number),
  };
}

/** By bisection. */
function firstAbove(sorted: Float64Array, number: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) > number) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
