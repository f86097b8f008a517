import { randomInt } from "node:crypto";
import { areDigits, endOfLiteral, forEachLiteral } from "../../util/json-tokens.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const COLON = 0x3a;
/** White space, of which this is the greatest. */
const SPACE = 0x20;

/** Bytes to put in place of the literal `json[start, end)`; undefined to leave it. */
type Replace = (json: Buffer, start: number, end: number) => Uint8Array | undefined;

/** Calls it for numbers and words outside of strings, in order. */
type ForEachLiteral = (onLiteral: (start: number, end: number) => void) => void;

/** A copy with other numbers and words; strings stay. Takes two passes over these, and no memory but the copy. */
function rewriteLiterals(json: Buffer, forEach: ForEachLiteral, replace: Replace): Buffer {
  let growth = 0;
  forEach((start, end) => {
    growth += (replace(json, start, end)?.length ?? end - start) - (end - start);
  });
  const copy = Buffer.allocUnsafe(json.length + growth);
  let [read, written] = [0, 0];
  forEach((start, end) => {
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

/** What stands for NaN while a text is parsed. */
type Marker = string | number;

/** Among other numbers, or where there is every text of one letter: a number that nobody sends by chance. */
const RARE = Number(`-${randomInt(101, 999)}e${randomInt(28, 32)}`);

/** Texts of one letter or digit: V8 has each once, and it is as long as the word NaN. */
const LETTERS = Buffer.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

const NAN_WORD = Buffer.from("NaN");

/**
 * A text of one letter that is not in the JSON, nor spelled with `\uXXXX`, where most of it is words: in a list of other
 * numbers a text would take more memory than one more number.
 */
function unusedMarker(json: Buffer, words: readonly number[]): Marker {
  if (words.length * (NAN_WORD.length + 1) <= json.length / 2) {
    return RARE;
  }
  const used = new Uint8Array(256);
  for (let position = 0; position < json.length; position += 1) {
    if (json[position] === QUOTE) {
      if (json[position + 2] === QUOTE) {
        used[json[position + 1] as number] = 1;
      } else if (json[position + 1] === BACKSLASH && json[position + 7] === QUOTE) {
        used[Number.parseInt(json.toString("latin1", position + 3, position + 7), 16) & 0xff] = 1;
      }
    }
  }
  const letter = LETTERS.find((each) => used[each] === 0);
  return letter === undefined ? RARE : String.fromCharCode(letter);
}

/** JSON has no word for infinity, but numbers that are parsed as such. Only a marker that is a number is longer than its word. */
const wordsWith = (marker: Marker): readonly { readonly word: Buffer; readonly replacement: Buffer }[] => [
  { word: NAN_WORD, replacement: Buffer.from(JSON.stringify(marker)) },
  { word: Buffer.from("Infinity"), replacement: Buffer.from("1e999   ") },
  { word: Buffer.from("-Infinity"), replacement: Buffer.from("-1e999   ") },
];

function isWord(json: Buffer, start: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (json[start + index] !== word[index]) {
      return false;
    }
  }
  return true;
}

/** Whether a colon follows: a word for a key is no JSON, and stays so that it is refused. */
function isKey(json: Buffer, end: number): boolean {
  let position = end;
  while ((json[position] as number) <= SPACE) {
    position += 1;
  }
  return json[position] === COLON;
}

/**
 * A copy without the words that JSON does not have, and what stands for NaN in it: see `restoreNaN`.
 *
 * @param starts - where there may be such a word, in order
 */
export function replaceNonFinite(
  json: Buffer,
  starts: readonly number[],
): { readonly copy: Buffer; readonly marker: Marker } {
  const marker = unusedMarker(json, starts);
  const words = wordsWith(marker);
  const forEach: ForEachLiteral = (onLiteral) => {
    for (const start of starts) {
      onLiteral(start, endOfLiteral(json, start));
    }
  };
  const copy = rewriteLiterals(json, forEach, (text, start, end) => {
    for (const { word, replacement } of words) {
      if (end - start === word.length && isWord(text, start, word)) {
        return isKey(text, end) ? undefined : replacement;
      }
    }
    return undefined;
  });
  return { copy, marker };
}

/** Puts NaN back, in the given value itself. */
export function restoreNaN(value: unknown, marker: Marker): unknown {
  if (typeof value !== "object" || value === null) {
    return value === marker ? Number.NaN : value;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item = value[index];
      if (item === marker) {
        value[index] = Number.NaN;
      } else if (typeof item === "object") {
        restoreNaN(item, marker);
      }
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    object[key] = restoreNaN(object[key], marker);
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
  const forEach: ForEachLiteral = (onLiteral) => forEachLiteral(json, onLiteral);
  return rewriteLiterals(json, forEach, (text, start, end) => {
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
