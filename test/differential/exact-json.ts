interface Raw {
  /** The source text. */
  readonly raw: string;
}

/** A JSON value with its source: numbers keep their digits, keys their order, and strings their escapes. */
export type Exact = Raw &
  (
    | { readonly kind: "text"; readonly value: string }
    /** Including Python's NaN, Infinity and -Infinity. */
    | { readonly kind: "number" }
    | { readonly kind: "word" }
    | { readonly kind: "list"; readonly items: readonly Exact[] }
    | { readonly kind: "object"; readonly entries: readonly (readonly [Exact & { kind: "text" }, Exact])[] }
  );

const TEXT = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const WORD = /true|false|null/y;

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Exact {
    const value = this.#value();
    if (this.#position !== this.#text.length) {
      throw this.#error();
    }
    return value;
  }

  #error(): Error {
    return new Error(`not JSON at character ${this.#position}: ${this.#text.slice(this.#position, 80)}`);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0];
    this.#position += found?.length ?? 0;
    return found;
  }

  #takes(character: string): boolean {
    const isThere = this.#text[this.#position] === character;
    this.#position += isThere ? 1 : 0;
    return isThere;
  }

  /** The items up to the closing bracket. On the channel, Python writes a space after commas and colons. */
  #separated<Item>(end: string, read: () => Item): readonly Item[] {
    const items: Item[] = [];
    if (this.#takes(end)) {
      return items;
    }
    do {
      this.#takes(" ");
      items.push(read());
    } while (this.#takes(","));
    if (!this.#takes(end)) {
      throw this.#error();
    }
    return items;
  }

  #key(): Exact & { kind: "text" } {
    const raw = this.#match(TEXT);
    if (raw === undefined) {
      throw this.#error();
    }
    return { kind: "text", raw, value: JSON.parse(raw) };
  }

  #value(): Exact {
    const start = this.#position;
    if (this.#takes("[")) {
      const items = this.#separated("]", () => this.#value());
      return { kind: "list", items, raw: this.#text.slice(start, this.#position) };
    }
    if (this.#takes("{")) {
      const entries = this.#separated("}", () => this.#entry());
      return { kind: "object", entries, raw: this.#text.slice(start, this.#position) };
    }
    if (this.#text[this.#position] === '"') {
      return this.#key();
    }
    const word = this.#match(WORD);
    if (word !== undefined) {
      return { kind: "word", raw: word };
    }
    const raw = this.#match(NUMBER);
    if (raw === undefined) {
      throw this.#error();
    }
    return { kind: "number", raw };
  }

  #entry(): readonly [Exact & { kind: "text" }, Exact] {
    const key = this.#key();
    if (!this.#takes(":")) {
      throw this.#error();
    }
    this.#takes(" ");
    return [key, this.#value()];
  }
}

/** @throws Error for anything that Python does not write */
export function parseExact(text: string): Exact {
  return new Reader(text).whole();
}
