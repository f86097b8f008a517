import { randomInt } from "node:crypto";
import { areDigits, forEachLiteral } from "../../util/json-tokens.js";

/** Bytes to put in place of the literal `json[start, end)`; undefined to leave it. Called twice for each. */
type Replace = (json: Buffer, start: number, end: number) => Uint8Array | undefined;

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
      written = append(json, read, start, copy, written);
      written = append(replacement, 0, replacement.length, copy, written);
      read = end;
    }
  });
  json.copy(copy, written, read);
  return copy;
}

/** What is shorter is copied faster byte by byte. */
const SHORT = 64;

/** @returns where the copy goes on */
function append(from: Uint8Array, start: number, end: number, copy: Buffer, at: number): number {
  if (end - start > SHORT) {
    copy.set(from.subarray(start, end), at);
    return at + end - start;
  }
  let written = at;
  for (let position = start; position < end; position += 1) {
    copy[written] = from[position] as number;
    written += 1;
  }
  return written;
}

/**
 * Stands for NaN while a text is parsed: a number, which a list stores compactly. It is a random one that nobody sends by
 * chance, and that V8 reads fast for having few digits and a small exponent.
 */
const NAN_TEXT = `-${randomInt(101, 999)}e${randomInt(28, 32)}`;
const NAN = Number(NAN_TEXT);

/** JSON has no word for infinity, but numbers that are parsed as such. */
const WORDS: readonly { readonly word: Buffer; readonly replacement: Buffer }[] = [
  { word: Buffer.from("NaN"), replacement: Buffer.from(NAN_TEXT) },
  { word: Buffer.from("Infinity"), replacement: Buffer.from("1e999") },
  { word: Buffer.from("-Infinity"), replacement: Buffer.from("-1e999") },
];

const MINUS = 0x2d;
const UPPER_I = 0x49;
const UPPER_N = 0x4e;

/** False for every number. */
function mayBeWord(json: Buffer, start: number): boolean {
  const first = json[start] === MINUS ? json[start + 1] : json[start];
  return first === UPPER_N || first === UPPER_I;
}

function isWord(json: Buffer, start: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (json[start + index] !== word[index]) {
      return false;
    }
  }
  return true;
}

/** A copy without the words that JSON does not have; `restoreNaN` then turns the value into what it was. */
export function replaceNonFinite(json: Buffer): Buffer {
  return rewriteLiterals(json, (text, start, end) => {
    if (!mayBeWord(text, start)) {
      return undefined;
    }
    for (const { word, replacement } of WORDS) {
      if (end - start === word.length && isWord(text, start, word)) {
        return replacement;
      }
    }
    return undefined;
  });
}

/** Puts NaN back, in the given value itself. */
export function restoreNaN(value: unknown): unknown {
  if (typeof value !== "object" || value === null) {
    return value === NAN ? Number.NaN : value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item = value[index];
      if (item === NAN) {
        value[index] = Number.NaN;
      } else if (typeof item === "object") {
        restoreNaN(item);
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

/**
 * A copy with integers that a double cannot hold in quotes, so that their digits survive `JSON.parse`: 9007199254740993
 * and 9007199254740992 are two rooms.
 */
export function quoteLargeIntegers(json: Buffer): Buffer {
  return rewriteLiterals(json, (text, start, end) => {
    const first = text[start] === MINUS ? start + 1 : start;
    const digits = end - first;
    if (digits < LIMIT_DIGITS || !areDigits(text, first, end)) {
      return undefined;
    }
    if (digits === LIMIT_DIGITS && Number.isSafeInteger(Number(text.toString("latin1", start, end)))) {
      return undefined;
    }
    return Buffer.from(`"${text.toString("latin1", start, end)}"`, "latin1");
  });
}
