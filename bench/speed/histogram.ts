/** Steps between two powers of two: no value is told more than 1.6 % too high. */
const STEPS_BITS = 6;
const STEPS = 2 ** STEPS_BITS;
const MAX_BITS = 31;

function bucketOf(value: number): number {
  if (value < STEPS) {
    return value;
  }
  const bits = 31 - Math.clz32(value);
  const shift = bits - STEPS_BITS;
  return (shift + 1) * STEPS + ((value >>> shift) - STEPS);
}

/** The highest value of a bucket. */
function highest(bucket: number): number {
  if (bucket < STEPS) {
    return bucket;
  }
  const shift = Math.floor(bucket / STEPS) - 1;
  return (STEPS + (bucket % STEPS) + 1) * 2 ** shift - 1;
}

/** Counts whole numbers in buckets that grow with the value, so that its memory does not grow with their count. */
export class Histogram {
  readonly #counts = new Float64Array((MAX_BITS - STEPS_BITS + 1) * STEPS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param value - less than 2^31; a negative one counts as 0 */
  add(value: number): void {
    const bucket = bucketOf(Math.min(Math.max(0, Math.round(value)), 2 ** MAX_BITS - 1));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }

  /** @param share - 0.99 for the value that 99 % do not exceed. @returns 0 when nothing was counted */
  quantile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      if (count > 0 && seen >= wanted) {
        return highest(bucket);
      }
    }
    return 0;
  }
}
