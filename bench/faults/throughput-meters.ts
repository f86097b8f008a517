import { cyan } from "../../src/util/terminal-style.js";

/** A direction of traffic on the display. */
export interface Meter {
  readonly title: string;
  count(): number;
}

const BARS = "▁▂▃▄▅▆▇█";
/** The columns show the last half minute, half a second each. */
const COLUMNS = 60;
const COLUMN_MS = 500;

/** One bar for each count. Full height is twice the expected rate, because a backlog arrives faster. */
export function sparkline(counts: readonly number[], expected: number): string {
  return counts
    .map((count) => {
      const height = Math.ceil((count / (2 * expected)) * BARS.length);
      return count === 0 ? " " : BARS[Math.min(height, BARS.length) - 1];
    })
    .join("");
}

/**
 * @param rate - messages a second that each meter should count
 * @returns a function that samples the meters and gives a line for each
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
    if (performance.now() - sampledAt >= COLUMN_MS) {
      sampledAt += COLUMN_MS;
      sample();
    }
    return meters.map(({ title }, index) => {
      const line = sparkline((history[index] ?? []).slice(-COLUMNS), (rate * COLUMN_MS) / 1_000).padStart(COLUMNS);
      return `  ${title.padEnd(width)} ${String(last[index]).padStart(6)} ${cyan(line)}`;
    });
  };
}
