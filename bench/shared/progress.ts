import { LiveLines } from "../../src/util/live-lines.js";
import { terminalStyles } from "../../src/util/terminal-style.js";

const REDRAW_MS = 250;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** Shows the current phase of a measurement: redrawn in place on a terminal, a line for each phase elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #lines: LiveLines;
  readonly #styles: ReturnType<typeof terminalStyles>;
  #title = "";
  #phase = "";
  #phaseStart = 0;
  #details = (): readonly string[] => [];
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#lines = new LiveLines(stream);
    this.#styles = terminalStyles(stream);
  }

  begin(title: string): void {
    this.#title = title;
    this.#details = () => [];
    if (this.#stream.isTTY) {
      this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    }
  }

  phase(phase: string): void {
    this.#phase = phase;
    this.#phaseStart = performance.now();
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#title}: ${phase}\n`);
    }
  }

  /** @param details - called at each redraw for the lines below the title */
  watch(details: () => readonly string[]): void {
    this.#details = details;
  }

  /** Removes the display for lines that are written now; it is drawn again below them. */
  pause(): void {
    this.#lines.clear();
  }

  /** Removes the display, so that other lines can be written. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#lines.clear();
  }

  #draw(): void {
    this.#ticks += 1;
    const { bold, cyan, dim } = this.#styles;
    const seconds = ((performance.now() - this.#phaseStart) / 1_000).toFixed(1);
    const spinner = SPINNER[this.#ticks % SPINNER.length] ?? "";
    this.#lines.show([
      `${cyan(spinner)} ${bold(this.#title)}  ${this.#phase} ${dim(`${seconds} s`)}`,
      ...this.#details(),
    ]);
  }
}
