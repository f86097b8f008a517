/** Interpolates linearly. @param sorted - ascending, not empty */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return low + (high - low) * (place - Math.floor(place));
}

export interface Summary {
  readonly least: number;
  readonly median: number;
  /** Interquartile range, as a share of the median. */
  readonly spread: number;
  /** Number of values. */
  readonly count: number;
}

/** @returns undefined without values */
export function summarize(values: readonly number[]): Summary | undefined {
  if (values.length === 0) {
    return undefined;
  }
  const sorted = [...values].sort((one, other) => one - other);
  const median = quantile(sorted, 0.5);
  const range = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  const least = sorted[0] as number;
  return { least, median, spread: median === 0 ? 0 : Math.abs(range / median), count: values.length };
}
