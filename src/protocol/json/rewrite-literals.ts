import { randomBytes } from "node:crypto";
import { forEachLiteral } from "../../util/json-tokens.js";

/** Bytes to put in place of the literal `json[start, end)`; undefined to leave it. */
type Replace = (json: Buffer, start: number, end: number) => Buffer | undefined;

/** A copy with other numbers and words; strings stay. Takes two passes, and no memory but the copy. */
function rewriteLiterals(json: Buffer, replace: Replace): Buffer {
  let growth = 0;
  forEachLiteral(json, (start, end) => {
    growth += (replace(json, start, end)?.length ?? end - start) - (end - start);
  });
  const copy = Buffer.allocUnsafe(json.length + growth);
  let [read, written] = [0, 0];
  forEachLiteral(json, (start, end) => {
    const replacement = replace(json, start, end);
    if (replacement !== undefined) {
      written += json.copy(copy, written, read, start);
      written += replacement.copy(copy, written);
      read = end;
    }
  });
  json.copy(copy, written, read);
  return copy;
}

/** Stands for NaN while a text is parsed; no sender can guess it, and it is short, since it may occur often. */
const NAN = randomBytes(9).toString("base64");
const QUOTED_NAN = Buffer.from(`"${NAN}"`);

/** JSON has no word for infinity, but numbers that are parsed as such. */
const WORDS: ReadonlyMap<string, Buffer> = new Map([
  ["NaN", QUOTED_NAN],
  ["Infinity", Buffer.from("1e999")],
  ["-Infinity", Buffer.from("-1e999")],
]);

/** `NaN` is 3 bytes, `-Infinity` is 9. */
const isWordLength = (length: number) => length === 3 || length === 8 || length === 9;

/** A copy without the words that JSON does not have; `restoreNaN` then turns the value into what it was. */
export function replaceNonFinite(json: Buffer): Buffer {
  return rewriteLiterals(json, (text, start, end) =>
    isWordLength(end - start) ? WORDS.get(text.toString("latin1", start, end)) : undefined,
  );
}

/** Puts NaN back, in the given value itself. */
export function restoreNaN(value: unknown): unknown {
  if (typeof value !== "object" || value === null) {
    return value === NAN ? Number.NaN : value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      if (typeof value[index] !== "number") {
        value[index] = restoreNaN(value[index]);
      }
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    object[key] = restoreNaN(object[key]);
  }
  return value;
}

/** Digits of 2^53: a double holds every integer of fewer, and is not trusted with any of more. */
const LIMIT_DIGITS = 16;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

function isInteger(json: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    const byte = json[position] as number;
    if (byte < ZERO || byte > NINE) {
      return false;
    }
  }
  return true;
}

/**
 * A copy with integers that a double cannot hold in quotes, so that their digits survive `JSON.parse`: 9007199254740993
 * and 9007199254740992 are two rooms.
 */
export function quoteLargeIntegers(json: Buffer): Buffer {
  return rewriteLiterals(json, (text, start, end) => {
    const first = text[start] === MINUS ? start + 1 : start;
    const digits = end - first;
    if (digits < LIMIT_DIGITS || !isInteger(text, first, end)) {
      return undefined;
    }
    if (digits === LIMIT_DIGITS && Number.isSafeInteger(Number(text.toString("latin1", start, end)))) {
      return undefined;
    }
    return Buffer.from(`"${text.toString("latin1", start, end)}"`, "latin1");
  });
}
