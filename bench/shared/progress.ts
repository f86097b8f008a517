import { bold, cyan, dim } from "./style.js";

const REDRAW_MS = 250;
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/** What goes on right now: redrawn in place on a terminal, a line for each phase elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #title = "";
  #phase = "";
  #since = 0;
  #details = (): readonly string[] => [];
  #ticks = 0;
  #drawn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
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
    this.#since = performance.now();
    if (!this.#stream.isTTY) {
      this.#stream.write(`${this.#title}: ${phase}\n`);
    }
  }

  /** @param details - gives the lines below the title, each time they are drawn */
  watch(details: () => readonly string[]): void {
    this.#details = details;
  }

  /** Takes the display away, for lines that stay. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#erase();
  }

  #draw(): void {
    this.#ticks += 1;
    const seconds = ((performance.now() - this.#since) / 1_000).toFixed(1);
    const spinner = SPINNER[this.#ticks % SPINNER.length];
    const title = `${cyan(String(spinner))} ${bold(this.#title)}  ${this.#phase} ${dim(`${seconds} s`)}`;
    const lines = [title, ...this.#details()];
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
