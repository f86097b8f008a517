import { stripVTControlCharacters } from "node:util";

/** Where progress is shown: a terminal, or anything that text can be written to. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const DEFAULT_COLUMNS = 80;

/** Lines at the bottom of a terminal that are redrawn in place. Without a terminal, only what is printed shows. */
export class LiveLines {
  readonly #screen: Screen;
  #shown = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Replaces the lines that are shown. */
  show(lines: readonly string[]): void {
    if (this.#screen.isTTY) {
      this.clear();
      const fitting = lines.map((line) => this.#fit(line));
      this.#screen.write(fitting.map((line) => `${line}\n`).join(""));
      this.#shown = fitting.length;
    }
  }

  clear(): void {
    if (this.#shown > 0) {
      this.#screen.write(`\r\x1b[${this.#shown}A\x1b[0J`);
      this.#shown = 0;
    }
  }

  /** Writes text that stays, above whatever is shown next. */
  print(text: string): void {
    this.clear();
    this.#screen.write(`${text}\n`);
  }

  /** A line that wraps would be cleared only in part. One that is too long loses its colours with its end. */
  #fit(line: string): string {
    const plain = [...stripVTControlCharacters(line)];
    const width = (this.#screen.columns || DEFAULT_COLUMNS) - 1;
    return plain.length > width ? plain.slice(0, width).join("") : line;
  }
}
