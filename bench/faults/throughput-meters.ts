import { cyan } from "../shared/style.js";

/** A direction as the display counts it. */
export interface Meter {
  readonly title: string;
  count(): number;
}

const BARS = "▁▂▃▄▅▆▇█";
/** So many columns show the last half minute, in stretches of half a second. */
const COLUMNS = 60;
const STRETCH_MS = 500;

/** One bar for each stretch; a bar of full height is twice the pace, since a backlog goes faster. */
export function sparkline(counts: readonly number[], expected: number): string {
  return counts
    .map((count) => {
      const height = Math.ceil((count / (2 * expected)) * BARS.length);
      return count === 0 ? " " : BARS[Math.min(height, BARS.length) - 1];
    })
    .join("");
}

/**
 * Samples the meters whenever it is called.
 *
 * @param rate - messages a second that each of them should count
 * @returns a line for each
 */
export function meterLines(meters: readonly Meter[], rate: number): () => readonly string[] {
  const width = Math.max(0, ...meters.map(({ title }) => title.length));
  const history: number[][] = meters.map(() => []);
  const last = meters.map(() => 0);
  let sampledAt = performance.now();
  const sample = (): void => {
    for (const [index, meter] of meters.entries()) {
      const count = meter.count();
      history[index]?.push(count - (last[index] ?? 0));
      last[index] = count;
    }
  };
  return () => {
    if (performance.now() - sampledAt >= STRETCH_MS) {
      sampledAt += STRETCH_MS;
      sample();
    }
    return meters.map(({ title }, index) => {
      const line = sparkline((history[index] ?? []).slice(-COLUMNS), (rate * STRETCH_MS) / 1_000).padStart(COLUMNS);
      return `  ${title.padEnd(width)} ${String(last[index]).padStart(6)} ${cyan(line)}`;
    });
  };
}
