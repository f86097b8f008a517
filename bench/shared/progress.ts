import { bold, cyan, dim } from "./style.js";

/** A direction as the display counts it. */
export interface Meter {
  readonly title: string;
  count(): number;
}

const REDRAW_MS = 250;
const BARS = "▁▂▃▄▅▆▇█";
/** So many columns show the last half minute, in stretches of half a second. */
const COLUMNS = 60;
const STRETCH_MS = 500;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** One bar for each stretch; a bar of full height is twice the pace, since a backlog goes faster. */
export function sparkline(counts: readonly number[], expected: number): string {
  return counts
    .map((count) => {
      const height = Math.ceil((count / (2 * expected)) * BARS.length);
      return count === 0 ? " " : BARS[Math.min(height, BARS.length) - 1];
    })
    .join("");
}

/** What goes on right now: redrawn in place on a terminal, a line for each phase elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #rate: number;
  #title = "";
  #phase = "";
  #since = 0;
  #meters: readonly Meter[] = [];
  #history: number[][] = [];
  #last: number[] = [];
  #sampledAt = 0;
  #ticks = 0;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, rate: number) {
    this.#stream = stream;
    this.#rate = rate;
  }

  begin(title: string): void {
    this.#title = title;
    this.#meters = [];
    if (this.#stream.isTTY) {
      this.#timer ??= setInterval(() => this.#tick(), REDRAW_MS);
    }
  }

  phase(phase: string): void {
    this.#phase = phase;
    this.#since = performance.now();
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#title}: ${phase}\n`);
    }
  }

  watch(meters: readonly Meter[]): void {
    this.#meters = meters;
    this.#history = meters.map(() => []);
    this.#last = meters.map(() => 0);
    this.#sampledAt = performance.now();
  }

  /** Takes the display away, for lines that stay. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #tick(): void {
    this.#ticks += 1;
    if (performance.now() - this.#sampledAt >= STRETCH_MS) {
      this.#sampledAt += STRETCH_MS;
      for (const [index, meter] of this.#meters.entries()) {
        const count = meter.count();
        this.#history[index]?.push(count - (this.#last[index] ?? 0));
        this.#last[index] = count;
      }
    }
    this.#draw();
  }

  #draw(): void {
    const seconds = ((performance.now() - this.#since) / 1_000).toFixed(1);
    const spinner = SPINNER[this.#ticks % SPINNER.length];
    const width = Math.max(0, ...this.#meters.map(({ title }) => title.length));
    const lines = [
      `${cyan(String(spinner))} ${bold(this.#title)}  ${this.#phase} ${dim(`${seconds} s`)}`,
      ...this.#meters.map(({ title }, index) => {
        const counts = (this.#history[index] ?? []).slice(-COLUMNS);
        const line = sparkline(counts, (this.#rate * STRETCH_MS) / 1_000).padStart(COLUMNS);
        return `  ${title.padEnd(width)} ${String(this.#last[index]).padStart(6)} ${cyan(line)}`;
      }),
    ];
    this.#erase();
    this.#stream.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  #erase(): void {
    if (this.#drawn > 0) {
      this.#stream.write(`\x1b[${this.#drawn}A\x1b[J`);
      this.#drawn = 0;
    }
  }
}
