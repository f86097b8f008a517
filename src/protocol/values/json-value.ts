import { asBytes } from "../../util/bytes.js";
import { quote } from "../../util/quote.js";
import { MAX_DEPTH } from "./limits.js";
import { UnreadableValue } from "./unreadable-value.js";
import { isUnsafeEntry } from "./unsafe-names.js";

/** What `JSON.stringify` writes for an argument of an application, except that bytes stay bytes. */

/**
 * The value that `JSON.stringify` looks at: the result of `toJSON()`, which it calls once, or else the value itself.
 *
 * @param key - what `toJSON` gets: the key or index under which the value is stored
 */
export function toJsonView(value: unknown, key: string | number): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "bigint") {
    return value;
  }
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, String(key)) : value;
}

/** The message, the list of arguments and, with bytes in JSON, the list with the attachments are around it. */
const MAX_VALUE_DEPTH = MAX_DEPTH - 3;

/**
 * @param depth - of a list or an object; an argument itself is at 1
 * @throws TypeError for what is circular
 * @throws UnreadableValue for what is nested too deep
 */
function assertDepth(value: object, depth: number): void {
  if (depth > MAX_VALUE_DEPTH) {
    assertNotCircular(value);
    throw new UnreadableValue(`nested more than ${MAX_VALUE_DEPTH} levels`);
  }
}

/** @throws TypeError */
function assertNotCircular(value: object): void {
  try {
    JSON.stringify(value);
  } catch (error) {
    // A RangeError where it is very deep.
    if (error instanceof TypeError) {
      throw error;
    }
  }
}

/**
 * Whether there are bytes at any depth; `hasBinary` of socket.io-parser.
 *
 * @param value - the list of arguments
 * @throws TypeError for what is circular, unless bytes are found before
 * @throws UnreadableValue for what is nested deeper than readers accept, unless bytes are found before
 */
export function hasBinary(value: unknown, depth = 0): boolean {
  if (typeof value === "string" || typeof value === "number" || value === null) {
    return false;
  }
  if (asBytes(value) !== undefined) {
    return true;
  }
  const view = toJsonView(value, "");
  if (asBytes(view) !== undefined) {
    return true;
  }
  if (typeof view !== "object" || view === null) {
    return false;
  }
  assertDepth(view, depth);
  // Of an array, JSON writes the items and no other properties.
  if (Array.isArray(view)) {
    return hasBinaryItem(view, depth + 1);
  }
  const entries = view as Readonly<Record<string, unknown>>;
  // With thousands of keys, `Object.values` takes twice as long.
  for (const key of Object.keys(entries)) {
    if (hasBinary(entries[key], depth + 1)) {
      return true;
    }
  }
  return false;
}

function hasBinaryItem(items: readonly unknown[], depth: number): boolean {
  for (const item of items) {
    if (hasBinary(item, depth)) {
      return true;
    }
  }
  return false;
}

/** Whether JSON has null for it, which Python takes for no argument. */
export function isJsonNull(value: unknown): boolean {
  const view = asBytes(value) ?? toJsonView(value, "");
  return (view ?? null) === null || (typeof view === "number" && !Number.isFinite(view));
}

/** Whether JSON has a list for it. */
export function isJsonArray(value: unknown): boolean {
  return asBytes(value) === undefined && Array.isArray(toJsonView(value, ""));
}

/** Replaces a string (keys included), a number or bytes in the copy that `toJsonValue` makes. */
export type ScalarEncoder = (value: string | number | Uint8Array) => unknown;

/**
 * A copy of null, booleans, lists and objects, with `encodeScalar` applied to everything else: the value as
 * `JSON.stringify` sees it.
 *
 * @returns undefined for what JSON leaves out, such as a function
 * @throws TypeError for what JSON has no form for, a bigint or a circular structure
 * @throws UnreadableValue for what readers reject
 */
export function toJsonValue(
  value: unknown,
  encodeScalar: ScalarEncoder,
  key: string | number = "",
  depth = 1,
): unknown {
  const own = asBytes(value);
  const view = own ?? toJsonView(value, key);
  const bytes = own ?? asBytes(view);
  if (bytes !== undefined) {
    const encoded = encodeScalar(bytes);
    if (typeof encoded === "object" && asBytes(encoded) === undefined) {
      // A placeholder is one level more.
      assertDepth(bytes, depth);
    }
    return encoded;
  }
  switch (typeof view) {
    case "string":
    case "number":
      return encodeScalar(view);
    case "boolean":
      return view;
    case "object":
      return view === null ? null : copyObject(view, encodeScalar, depth);
    case "bigint":
      throw new TypeError("a bigint has no form in JSON");
    default:
      return undefined;
  }
}

function copyObject(view: object, encodeScalar: ScalarEncoder, depth: number): unknown {
  if (view instanceof Number || view instanceof String || view instanceof Boolean) {
    return toJsonValue(view.valueOf(), encodeScalar);
  }
  assertDepth(view, depth);
  if (Array.isArray(view)) {
    const list: unknown[] = [];
    // Not map(), which skips the holes of a sparse array.
    for (let index = 0; index < view.length; index += 1) {
      list.push(toJsonValue(view[index], encodeScalar, index, depth + 1) ?? null);
    }
    return list;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(view)) {
    const item = toJsonValue((view as Record<string, unknown>)[key], encodeScalar, key, depth + 1);
    if (item !== undefined) {
      if (isUnsafeEntry(key, item)) {
        throw unsafeKey(key);
      }
      copy[encodeScalar(key) as string] = item;
    }
  }
  return copy;
}

/** For an object that readers reject. */
export function unsafeKey(key: string): UnreadableValue {
  return new UnreadableValue(`the key ${quote(key)} could reach a prototype, and Node hosts reject it`);
}
