import type { Arrivals } from "../fleet/client.js";

export interface Arrival {
  readonly at: number;
  readonly position: number;
}

/** What arrived of one sender at one client. */
export interface Track {
  has(number: number): boolean;
  /** Positions of what arrived of the numbers next to it, below and above; infinite where there is none. */
  neighbours(number: number): readonly [number, number];
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
  return {
    has: (number) => first.has(number),
    neighbours: (number) => {
      const index = firstAbove(sorted, number);
      const [below, above] = [sorted[index - 1], sorted[index]];
      return [
        below === undefined ? Number.NEGATIVE_INFINITY : (first.get(below) ?? 0),
        above === undefined ? Number.POSITIVE_INFINITY : (first.get(above) ?? 0),
      ];
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
