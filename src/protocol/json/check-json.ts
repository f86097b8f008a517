import { isAscii, isUtf8 } from "node:buffer";
import { surveyJson, WEIGHED_SIZE } from "../../util/survey-json.js";
import { MAX_DEPTH } from "../values/limits.js";

// Declared here rather than imported: V8 folds constants of the same module, which makes this twice as fast.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;

/** A position that was not found. There is no byte at it, so nothing matches after it. */
const NOT_FOUND = -1;

/** 1 for each of these bytes. An index beyond the end of a message is undefined, for which the table has nothing. */
export function byteTable(bytes: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(bytes)) {
    table[byte] = 1;
  }
  return table;
}

export const WHITE_SPACE = byteTable(" \n\r\t");
const DIGIT = byteTable("0123456789");
const HEX_DIGIT = byteTable("0123456789abcdefABCDEF");
/** What may follow a backslash, except `u`. */
const ESCAPE = byteTable('"\\/bfnrt');

/** What a string may contain unescaped: everything but control characters, the quote and the backslash. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");
const PROTO = Buffer.from("__proto__");
const CONSTRUCTOR = Buffer.from("constructor");

/** The payload is one level below the message. */
const MAX_PAYLOAD_DEPTH = MAX_DEPTH - 1;

/** The closing brackets of the lists and objects around the current one. Shared, since a check never yields. */
const OUTER_BRACKETS = new Uint8Array(MAX_PAYLOAD_DEPTH);

function afterSpace(bytes: Uint8Array, start: number): number {
  let position = start;
  while (WHITE_SPACE[bytes[position] as number] === 1) {
    position += 1;
  }
  return position;
}

function afterDigits(bytes: Uint8Array, start: number): number {
  let position = start;
  while (DIGIT[bytes[position] as number] === 1) {
    position += 1;
  }
  return position === start ? NOT_FOUND : position;
}

function afterNumber(bytes: Uint8Array, start: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  let position = bytes[first] === ZERO ? first + 1 : afterDigits(bytes, first);
  if (bytes[position] === POINT) {
    position = afterDigits(bytes, position + 1);
  }
  if (((bytes[position] as number) | 0x20) === LOWER_E) {
    const sign = bytes[position + 1];
    position = afterDigits(bytes, position + (sign === MINUS || sign === PLUS ? 2 : 1));
  }
  return position;
}

function matches(bytes: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[start + index] !== word[index]) {
      return false;
    }
  }
  return true;
}

const afterWord = (bytes: Uint8Array, start: number, word: Uint8Array) =>
  matches(bytes, start, word) ? start + word.length : NOT_FOUND;

/** After the four digits of `\uXXXX`. A key must not have ASCII letters in this form: it could spell an unsafe name. */
function afterUnicodeEscape(bytes: Uint8Array, digits: number, isKey: boolean): number {
  const first = HEX_DIGIT[bytes[digits] as number] as number;
  const second = HEX_DIGIT[bytes[digits + 1] as number] as number;
  const third = HEX_DIGIT[bytes[digits + 2] as number] as number;
  const fourth = HEX_DIGIT[bytes[digits + 3] as number] as number;
  if ((first & second & third & fourth) !== 1) {
    return NOT_FOUND;
  }
  const isLetter =
    bytes[digits] === ZERO && bytes[digits + 1] === ZERO && ((bytes[digits + 2] as number) & 0xfc) === 0x34;
  return isKey && isLetter ? NOT_FOUND : digits + 4;
}

/** Small enough for V8 to inline: most of a payload passes through here. */
function afterPlain(bytes: Uint8Array, start: number): number {
  let position = start;
  while (PLAIN[bytes[position] as number] === 1) {
    position += 1;
  }
  return position;
}

/** @param start - the first byte of the string that is not plain */
function afterString(bytes: Uint8Array, start: number, isKey: boolean): number {
  let position = start;
  while (bytes[position] !== QUOTE) {
    if (bytes[position] !== BACKSLASH) {
      return NOT_FOUND;
    }
    const escaped = bytes[position + 1];
    if (escaped === LOWER_U) {
      position = afterUnicodeEscape(bytes, position + 2, isKey);
    } else {
      position = ESCAPE[escaped as number] === 1 ? position + 2 : NOT_FOUND;
    }
    position = afterPlain(bytes, position);
  }
  return position + 1;
}

/** After a literal or a number. */
function afterLiteral(bytes: Uint8Array, start: number): number {
  switch (bytes[start]) {
    case LOWER_T:
      return afterWord(bytes, start, TRUE);
    case LOWER_F:
      return afterWord(bytes, start, FALSE);
    case LOWER_N:
      return afterWord(bytes, start, NULL);
    default:
      return afterNumber(bytes, start);
  }
}

/** After a key and its colon. */
function afterKey(bytes: Uint8Array, start: number): number {
  const quote = afterSpace(bytes, start);
  if (bytes[quote] !== QUOTE) {
    return NOT_FOUND;
  }
  const plain = afterPlain(bytes, quote + 1);
  const end = bytes[plain] === QUOTE ? plain + 1 : afterString(bytes, plain, true);
  if (end === NOT_FOUND) {
    return NOT_FOUND;
  }
  const length = end - quote - 2;
  const isUnsafe =
    (length === PROTO.length && matches(bytes, quote + 1, PROTO)) ||
    (length === CONSTRUCTOR.length && matches(bytes, quote + 1, CONSTRUCTOR));
  const colon = afterSpace(bytes, end);
  return !isUnsafe && bytes[colon] === COLON ? colon + 1 : NOT_FOUND;
}

/** After the one value that begins at `start`; NOT_FOUND if it is not JSON, nested too deep or has an unsafe key. */
function afterValue(bytes: Uint8Array, start: number): number {
  let position = start;
  let depth = 0;
  /** The closing bracket of the current list or object. */
  let close = 0;
  for (;;) {
    position = afterSpace(bytes, position);
    const first = bytes[position];
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth === MAX_PAYLOAD_DEPTH) {
        return NOT_FOUND;
      }
      OUTER_BRACKETS[depth] = close;
      depth += 1;
      close = first === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
      position = afterSpace(bytes, position + 1);
      if (bytes[position] !== close) {
        position = close === CLOSE_BRACE ? afterKey(bytes, position) : position;
        continue;
      }
    } else {
      if (first === QUOTE) {
        const plain = afterPlain(bytes, position + 1);
        position = bytes[plain] === QUOTE ? plain + 1 : afterString(bytes, plain, false);
      } else {
        position = afterLiteral(bytes, position);
      }
      if (depth === 0) {
        return position;
      }
      position = afterSpace(bytes, position);
    }
    while (bytes[position] !== COMMA) {
      if (bytes[position] !== close) {
        return NOT_FOUND;
      }
      depth -= 1;
      if (depth === 0) {
        return position + 1;
      }
      close = OUTER_BRACKETS[depth] as number;
      position = afterSpace(bytes, position + 1);
    }
    position = close === CLOSE_BRACE ? afterKey(bytes, position + 1) : position + 1;
  }
}

/** What a JSON text consists of. */
type JsonBytes = "ascii" | "utf8";

/**
 * Whether `bytes[start, end)` is one value, with or without white space around it, that `JSON.parse` reads and `decode`
 * accepts: not nested too deep, without a key that could reach a prototype, and without so many values that they take too
 * much memory. Builds nothing, and calls nothing that
 * throws on any bytes.
 *
 * @param start - position of the first byte
 * @param end - position after the last byte
 * @returns undefined if it is not, or if that is uncertain: only `decode` knows then
 */
export function checkJson(bytes: Uint8Array, start: number, end: number): JsonBytes | undefined {
  let position = afterValue(bytes, start);
  while (position < end && WHITE_SPACE[bytes[position] as number] === 1) {
    position += 1;
  }
  if (position !== end) {
    return undefined;
  }
  const value = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
  if (value.length >= WEIGHED_SIZE && surveyJson(value, MAX_PAYLOAD_DEPTH).isTooHeavy) {
    return undefined;
  }
  if (isAscii(value)) {
    return "ascii";
  }
  return isUtf8(value) ? "utf8" : undefined;
}
