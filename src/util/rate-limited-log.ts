import { printableLine } from "./printable.js";

/** Most keys that are remembered. There are few, unless their texts come from outside. */
const MAX_KEYS = 1_000;

/** Characters of a key that count. */
const MAX_KEY_LENGTH = 200;

/**
 * Writes at most one line for each key and window. How many it left out stands in the next one. What the broker and other
 * hosts put into a line is no command for the terminal that shows it, and no second line.
 */
export class RateLimitedLog {
  readonly #windowMs: number;
  readonly #write: (line: string) => void;
  readonly #keys = new Map<string, { since: number; suppressed: number }>();

  constructor(write: (line: string) => void, windowMs = 60_000) {
    this.#write = write;
    this.#windowMs = windowMs;
  }

  get size(): number {
    return this.#keys.size;
  }

  /**
   * @param key - what the line is about
   * @param text - makes the line; called only when it is written
   * @param now - monotonic milliseconds
   * @returns whether it is written
   */
  line(key: string, text: () => string, now: number = performance.now()): boolean {
    const short = shortened(key);
    const seen = this.#keys.get(short);
    if (seen !== undefined && now - seen.since < this.#windowMs) {
      seen.suppressed += 1;
      return false;
    }
    const more = seen?.suppressed ? ` (and ${seen.suppressed} more like it since the last line)` : "";
    if (this.#keys.size >= MAX_KEYS) {
      this.#keys.clear();
    }
    this.#keys.set(short, { since: now, suppressed: 0 });
    this.#write(printableLine(text() + more));
    return true;
  }

  /** The next line of that key is written. */
  forget(key: string): void {
    this.#keys.delete(shortened(key));
  }
}

const shortened = (key: string): string => (key.length > MAX_KEY_LENGTH ? copyOfStart(key) : key);

/** Not a slice, which V8 lets refer to the whole text. */
const copyOfStart = (key: string): string => Buffer.from(key.slice(0, MAX_KEY_LENGTH)).toString();
