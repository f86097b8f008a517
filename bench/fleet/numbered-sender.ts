import { now } from "../shared/clock.js";
import type { Operation } from "./operations.js";

export interface NumberedSenderOptions {
  readonly name: string;
  readonly numbersFrom: number;
  /** Emits the message with that number, and reports what becomes of it. */
  readonly emit: (number: number, room: string | null, ...args: readonly unknown[]) => void;
  readonly write: (line: Readonly<Record<string, unknown>>) => void;
}

/** Emits numbered messages as it is told: see `operations.ts`. */
export class NumberedSender {
  readonly #options: NumberedSenderOptions;
  #number: number;
  #ticking: NodeJS.Timeout | undefined;

  constructor(options: NumberedSenderOptions) {
    this.#options = options;
    this.#number = options.numbersFrom;
  }

  emit({ id, room, bytes, count, busy }: Operation & { readonly op: "emit" }): void {
    this.block(busy);
    this.#emitAll(id, room, bytes, count);
  }

  tick(interval: number): void {
    clearInterval(this.#ticking);
    if (interval > 0) {
      this.#ticking = setInterval(() => this.#emitAll(null, null, 0, 1), interval);
    }
  }

  block(time: number): void {
    const from = now();
    while (now() - from < time) {
      // Busy waiting.
    }
  }

  finish(): void {
    this.tick(0);
    this.#emitAll(null, null, 0, 1);
    this.#options.write({ event: "finished", number: this.#number });
  }

  #emitAll(id: number | null, room: string | null, bytes: number, count: number): void {
    const { name, emit, write } = this.#options;
    const padding = "x".repeat(bytes);
    // Before: the process may be killed in the middle.
    write({ event: "emits", id, first: this.#number + 1, count, at: now() });
    for (let left = count; left > 0; left -= 1) {
      this.#number += 1;
      emit(this.#number, room, name, this.#number, now(), bytes, padding);
    }
  }
}
