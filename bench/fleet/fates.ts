import type { Fate, FateRun } from "./operations.js";

/** Reports what became of messages, in runs of numbers with the same fate. */
export class Fates {
  readonly #report: (runs: readonly FateRun[]) => void;
  #runs: [number, number, Fate][] = [];

  constructor(report: (runs: readonly FateRun[]) => void) {
    this.#report = report;
  }

  settled(number: number, fate: Fate): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last[1] === number - 1 && last[2] === fate) {
      last[1] = number;
    } else {
      this.#runs.push([number, number, fate]);
    }
  }

  flush(): void {
    if (this.#runs.length > 0) {
      this.#report(this.#runs);
      this.#runs = [];
    }
  }
}
