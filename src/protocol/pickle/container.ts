import { WEIGHT } from "../../util/weight.js";
import type { Scalar } from "./scalars.js";

/**
 * Bytes that JSON needs at least: a list or dict is `{},`; a text has quotes and a comma; bytes have a placeholder too;
 * anything else is `1,`.
 */
export const JSON_SIZE = { container: 3, quotes: 3, bytes: 32, other: 2 } as const;

/** A list, dict or tuple while the pickle is read. */
export class Container {
  readonly kind: "list" | "dict" | "tuple";
  readonly value: unknown[] | Record<string, unknown>;
  /** Bytes that JSON needs for it at least. An item that it contains twice counts twice. */
  jsonSize: number = JSON_SIZE.container;
  /** Levels of nesting, itself included. */
  depth = 1;
  /**
   * It was fetched from the memo or duplicated, and nothing may be added to it any more. So whatever is inside a container
   * is complete, its size and depth are known, and no container can contain itself. Python's own pickles add to a shared
   * container only for a cyclic value.
   */
  isShared = false;
  /** Of a dict: its `data` is a tuple. */
  isDataTuple = false;

  constructor(kind: Container["kind"], value: Container["value"]) {
    this.kind = kind;
    this.value = value;
  }
}

/** What the stack of the machine holds. */
export type StackItem = Scalar | Container;

/** Bytes in memory of a container with a list that grows as items are added, and of a view of bytes. */
const CONTAINER_WEIGHT = 256;
const BYTES_WEIGHT = 200;

/** What an item takes of `maxWeight`, the limit on everything that one pickle builds. */
export function weightOf(item: StackItem): number {
  if (item instanceof Container) {
    return WEIGHT.slot + CONTAINER_WEIGHT;
  }
  if (Buffer.isBuffer(item)) {
    return WEIGHT.slot + BYTES_WEIGHT;
  }
  return WEIGHT.slot + (typeof item === "string" ? WEIGHT.text + item.length : 0);
}

/** Bytes that JSON needs for an item at least. */
export function jsonSize(item: StackItem): number {
  if (item instanceof Container) {
    return item.jsonSize;
  }
  if (typeof item === "string") {
    return item.length + JSON_SIZE.quotes;
  }
  if (typeof item === "bigint") {
    // Nearly as many digits as in decimal, and much faster.
    return item.toString(16).length + 1;
  }
  return Buffer.isBuffer(item) ? item.length + JSON_SIZE.bytes : JSON_SIZE.other;
}
