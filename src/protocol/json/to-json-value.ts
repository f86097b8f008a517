import { MAX_DEPTH } from "./parse.js";

/** What Socket.IO sends as binary: `Buffer`, `ArrayBuffer`, typed arrays and `DataView`. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

/** The same bytes, with the methods of a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What `JSON.stringify` looks at instead of a value with `toJSON`, which it asks once. */
export function toJsonView(value: unknown, key: string | number): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "bigint") {
    return value;
  }
  const { toJSON } = value as { readonly toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, String(key)) : value;
}

/** What stands for a text (a key too), a number or bytes in the copy. */
export type Leaf = (value: string | number | Uint8Array) => unknown;

/** The envelope and the list of arguments are around it. */
const DEEPEST_VALUE = MAX_DEPTH - 2;

/**
 * A copy of nothing but null, booleans, lists, objects and leaves: the value as `JSON.stringify` sees it, except that
 * bytes are leaves.
 *
 * @returns undefined for what JSON leaves out, such as a function
 * @throws TypeError for what JSON cannot say: a bigint, a circular structure
 */
export function toJsonValue(value: unknown, leaf: Leaf, key: string | number = "", depth = 1): unknown {
  const own = asBytes(value);
  const view = own ?? toJsonView(value, key);
  const bytes = own ?? asBytes(view);
  if (bytes !== undefined) {
    return leaf(bytes);
  }
  switch (typeof view) {
    case "string":
    case "number":
      return leaf(view);
    case "boolean":
      return view;
    case "object":
      return view === null ? null : copyObject(view, leaf, depth);
    case "bigint":
      throw new TypeError("a bigint cannot be said as a number");
    default:
      return undefined;
  }
}

function copyObject(view: object, leaf: Leaf, depth: number): unknown {
  if (view instanceof Number || view instanceof String || view instanceof Boolean) {
    return toJsonValue(view.valueOf(), leaf);
  }
  if (depth > DEEPEST_VALUE) {
    throw new TypeError(`circular, or nested more than ${DEEPEST_VALUE} levels`);
  }
  if (Array.isArray(view)) {
    const list: unknown[] = [];
    for (let index = 0; index < view.length; index += 1) {
      list.push(toJsonValue(view[index], leaf, index, depth + 1) ?? null);
    }
    return list;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(view)) {
    const plain = toJsonValue((view as Record<string, unknown>)[key], leaf, key, depth + 1);
    if (plain === undefined) {
      continue;
    }
    const name = leaf(key) as string;
    if (name === "__proto__") {
      Object.defineProperty(copy, name, { value: plain, enumerable: true });
    } else {
      copy[name] = plain;
    }
  }
  return copy;
}
