import { asBytes } from "../../util/bytes.js";
import { toJsonView } from "../values/json-value.js";
import { isUnsafeEntry } from "../values/unsafe-names.js";

/** Clients may nest the `auth` and query of their handshake as deep as they like. */
const MAX_DEPTH = 100;

/** Bytes that a value takes besides its text, roughly. */
const VALUE_SIZE = 8;

/**
 * Copies values that applications and clients made for other purposes, such as a handshake or `socket.data`, so that they
 * can be sent to other hosts. What JSON has no form for, or a reader would reject, becomes null or is left out: one
 * client's odd value must not hide all others.
 */
export class LenientCopier {
  /** The containers around the current value, to detect cycles. */
  readonly #ancestors: object[] = [];
  /** Bytes of all copies so far, roughly. */
  size = 0;

  copy(value: unknown): unknown {
    return this.#copyResult(() => value);
  }

  /** Null if a getter or `toJSON` throws. */
  #copyResult(get: () => unknown): unknown {
    const depth = this.#ancestors.length;
    try {
      return this.#copy(get());
    } catch {
      this.#ancestors.length = depth;
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
    if (this.#ancestors.length >= MAX_DEPTH || this.#ancestors.includes(view)) {
      return null;
    }
    this.#ancestors.push(view);
    const copied = Array.isArray(view) ? view.map((item) => this.copy(item)) : this.#copyObject(view);
    this.#ancestors.pop();
    return copied;
  }

  #copyObject(object: object): unknown {
    const copied: Record<string, unknown> = {};
    for (const key of Object.keys(object)) {
      const item = this.#copyResult(() => object[key as keyof typeof object]);
      if (!isUnsafeEntry(key, item)) {
        this.size += key.length;
        copied[key] = item;
      }
    }
    return copied;
  }
}
