import type { Scalar } from "./values.js";

/**
 * Bytes that JSON needs at least: a list or dict is `{},`, a text has quotes and a comma, bytes have a placeholder too, all
 * else is `1,`.
 */
export const SIZE = { container: 3, quotes: 3, bytes: 32, other: 2 } as const;

/**
 * What a value costs of the bound on all that a pickle makes, in the same measure. Containers are dear, or a frame of
 * empty ones would take more memory than JSON of its size can.
 */
export function costOf(entry: Entry): number {
  if (entry instanceof Container) {
    return 4 * SIZE.container;
  }
  return Buffer.isBuffer(entry) ? SIZE.bytes : SIZE.other;
}

/** A list, dict or tuple while the pickle is read. */
export class Container {
  readonly kind: "list" | "dict" | "tuple";
  readonly value: unknown[] | Record<string, unknown>;
  /** Bytes that JSON needs for it at least, with all that is in it as often as it is in it. */
  size: number = SIZE.container;
  /** How many levels it has. */
  depth = 1;
  /**
   * It was fetched from the memo or doubled, and nothing may be added to it any more: so what is in a container is
   * complete, its size and depth are known, and none can hold itself. Python's own pickles never do that but for such.
   */
  isShared = false;
  /** Of a dict: its `data` is a tuple. */
  isDataTuple = false;

  constructor(kind: Container["kind"], value: Container["value"]) {
    this.kind = kind;
    this.value = value;
  }
}

export type Entry = Scalar | Container;

/** Bytes that JSON needs for it at least. */
export function sizeOf(entry: Entry): number {
  if (entry instanceof Container) {
    return entry.size;
  }
  if (typeof entry === "string") {
    return entry.length + SIZE.quotes;
  }
  if (typeof entry === "bigint") {
    // Nearly as many digits as it has, and quickly counted.
    return entry.toString(16).length + 1;
  }
  return Buffer.isBuffer(entry) ? entry.length + SIZE.bytes : SIZE.other;
}
