/** A seeded generator of random numbers (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

export type Mutation = (frame: Buffer, random: Random, other: Buffer) => Buffer;

/** A random range of fewer than `longest` bytes. */
export function range(frame: Buffer, random: Random, longest: number): readonly [start: number, end: number] {
  const start = random.below(frame.length + 1);
  return [start, Math.min(frame.length, start + random.below(longest))];
}

export function changed(frame: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(frame);
  copy[at] = byte;
  return copy;
}

export const replaced = (frame: Buffer, [start, end]: readonly [number, number], part: Buffer): Buffer =>
  Buffer.concat([frame.subarray(0, start), part, frame.subarray(end)]);
