import { isUnsafeEntry } from "../json/parse.js";
import { asBytes, toJsonView } from "../json/to-json-value.js";

/** A client may nest what it sends along with its connection as deep as it likes. */
const DEEPEST = 100;

/** About what a value takes besides its texts. */
const VALUE_SIZE = 8;

/**
 * Copies that can be sent, of values that applications and clients have put together for other ends: what JSON could not
 * say, or a reader would refuse, is left out. So one client cannot keep all others from being heard of.
 */
export class LenientCopier {
  readonly #around: object[] = [];
  /** Bytes of all copies so far, roughly. */
  size = 0;

  copy(value: unknown): unknown {
    return this.#read(() => value);
  }

  /** Null for what throws when it is looked at. */
  #read(look: () => unknown): unknown {
    const depth = this.#around.length;
    try {
      return this.#copy(look());
    } catch {
      this.#around.length = depth;
      return null;
    }
  }

  #copy(value: unknown): unknown {
    const view = asBytes(value) ?? toJsonView(value, "");
    const bytes = asBytes(view);
    this.size += VALUE_SIZE + (bytes?.byteLength ?? (typeof view === "string" ? view.length : 0));
    if (typeof view === "bigint") {
      return view.toString();
    }
    if (bytes !== undefined || typeof view !== "object" || view === null) {
      return bytes ?? view;
    }
    if (this.#around.length >= DEEPEST || this.#around.includes(view)) {
      return null;
    }
    this.#around.push(view);
    const copied = Array.isArray(view) ? view.map((item) => this.copy(item)) : this.#object(view);
    this.#around.pop();
    return copied;
  }

  #object(view: object): unknown {
    const copied: Record<string, unknown> = {};
    for (const key of Object.keys(view)) {
      const item = this.#read(() => view[key as keyof typeof view]);
      if (!isUnsafeEntry(key, item)) {
        this.size += key.length;
        copied[key] = item;
      }
    }
    return copied;
  }
}
