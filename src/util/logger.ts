/** Where the package writes its few log lines. `console` fits; so do pino and winston. */
export interface Logger {
  info(line: string): void;
  warn(line: string): void;
}

const SILENT: Logger = { info: () => {}, warn: () => {} };

/** `undefined` means the console, `false` means silence. */
export function normalizeLogger(logger: Logger | false | undefined): Logger {
  if (logger === false) {
    return SILENT;
  }
  return logger ?? console;
}

/** Kinds of lines that are told apart at a time; there are few, unless their texts come from outside. */
const MAX_KEYS = 1_000;

/** One line per key and window; what is left out is counted into the next line. */
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

  /** @param now - milliseconds, from a clock that does not jump */
  line(key: string, text: () => string, now: number = performance.now()): void {
    const seen = this.#keys.get(key);
    if (seen !== undefined && now - seen.since < this.#windowMs) {
      seen.suppressed += 1;
      return;
    }
    const more = seen?.suppressed ? ` (and ${seen.suppressed} more like it since the last line)` : "";
    if (this.#keys.size >= MAX_KEYS) {
      this.#keys.clear();
    }
    this.#keys.set(key, { since: now, suppressed: 0 });
    this.#write(text() + more);
  }
}
