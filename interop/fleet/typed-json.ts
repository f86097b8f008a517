/**
 * The typed JSON of `python-fixtures/wire.py`, which says what JSON cannot: bytes, tuples, large integers, NaN.
 */

/** What a test says to Python: a tuple is several arguments, a list is one. */
export const tuple = (...items: readonly unknown[]) => ({ $tuple: items.map(toTyped) });
export const integer = (digits: string) => ({ $int: digits });
export const float = (text: "nan" | "inf" | "-inf" | "1.0") => ({ $float: text });

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

/** What came from Python, as JavaScript has it. */
export function fromTyped(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(fromTyped);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const { $bytes, $tuple, $int, $float } = value as Record<string, unknown>;
  if (typeof $bytes === "string") {
    return Buffer.from($bytes, "base64");
  }
  if (Array.isArray($tuple)) {
    return $tuple.map(fromTyped);
  }
  if (typeof $int === "string") {
    return Number($int);
  }
  if (typeof $float === "string") {
    return $float === "inf" ? Number.POSITIVE_INFINITY : Number($float);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromTyped(item)]));
}
