/**
 * The typed JSON of `python-fixtures/wire.py`, for values that JSON cannot represent: bytes, tuples, large integers, NaN,
 * dicts with keys that are not strings.
 */

/** Values for Python: a tuple is several arguments, a list is one. */
export const tuple = (...items: readonly unknown[]) => ({ $tuple: items.map(toTyped) });
export const integer = (digits: string) => ({ $int: digits });
export const float = (text: "nan" | "inf" | "-inf" | "1.0") => ({ $float: text });

/** What Python's `json.dumps` makes of a key that is not a string; JavaScript does the same. */
const keyOf = (typed: unknown): string => {
  const digits = (typed as { readonly $int?: string } | null)?.$int;
  return digits ?? String(typed);
};

const FLOATS: ReadonlyMap<string, number> = new Map([
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);

export function toTyped(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value).toString("base64") };
  }
  if (Array.isArray(value)) {
    return value.map(toTyped);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toTyped(item)]));
  }
  return value;
}

/** A value from Python as JavaScript represents it. */
export function fromTyped(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(fromTyped);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const { $bytes, $bytearray, $tuple, $int, $float, $dict } = value as Record<string, unknown>;
  if (typeof $bytes === "string" || typeof $bytearray === "string") {
    return Buffer.from(String($bytes ?? $bytearray), "base64");
  }
  if (Array.isArray($tuple)) {
    return $tuple.map(fromTyped);
  }
  if (typeof $int === "string") {
    return Number($int);
  }
  if (typeof $float === "string") {
    return FLOATS.get($float) ?? Number($float);
  }
  if (Array.isArray($dict)) {
    return Object.fromEntries($dict.map(([key, item]) => [keyOf(key), fromTyped(item)]));
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromTyped(item)]));
}
