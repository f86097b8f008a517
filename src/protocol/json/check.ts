import { isAscii, isUtf8 } from "node:buffer";
import { MAX_DEPTH } from "./parse.js";

// Not imported: V8 takes for constant what is of this module, and that makes this twice as fast.
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

/** In place of a position: what was looked for is not there. No byte is there either, so that nothing follows it. */
const NOWHERE = -1;

/** 1 for each of these bytes. Beyond the end of a message there is undefined, for which there is nothing. */
export function tableOf(bytes: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(bytes)) {
    table[byte] = 1;
  }
  return table;
}

export const SPACE = tableOf(" \n\r\t");
const DIGIT = tableOf("0123456789");
const HEX_DIGIT = tableOf("0123456789abcdefABCDEF");
/** After a backslash, but for the `u`. */
const ESCAPE = tableOf('"\\/bfnrt');

/** What stands for itself in a string: all but control characters, the quote and the backslash. */
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

/** The brackets that end the lists and objects around the one that is being read. Nobody reads two at a time. */
const AROUND = new Uint8Array(MAX_PAYLOAD_DEPTH);

function afterSpace(bytes: Uint8Array, start: number): number {
  let position = start;
  while (SPACE[bytes[position] as number] === 1) {
    position += 1;
  }
  return position;
}

function afterDigits(bytes: Uint8Array, start: number): number {
  let position = start;
  while (DIGIT[bytes[position] as number] === 1) {
    position += 1;
  }
  return position === start ? NOWHERE : position;
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

function holds(bytes: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index += 1) {
    if (bytes[start + index] !== word[index]) {
      return false;
    }
  }
  return true;
}

const afterWord = (bytes: Uint8Array, start: number, word: Uint8Array) =>
  holds(bytes, start, word) ? start + word.length : NOWHERE;

/** After the four digits of `\uXXXX`. In a key there may be no letters so spelt: they may be those of an unsafe name. */
function afterUnicodeEscape(bytes: Uint8Array, digits: number, isKey: boolean): number {
  const first = HEX_DIGIT[bytes[digits] as number] as number;
  const second = HEX_DIGIT[bytes[digits + 1] as number] as number;
  const third = HEX_DIGIT[bytes[digits + 2] as number] as number;
  const fourth = HEX_DIGIT[bytes[digits + 3] as number] as number;
  if ((first & second & third & fourth) !== 1) {
    return NOWHERE;
  }
  const isLetter =
    bytes[digits] === ZERO && bytes[digits + 1] === ZERO && ((bytes[digits + 2] as number) & 0xfc) === 0x34;
  return isKey && isLetter ? NOWHERE : digits + 4;
}

/** Small, so that V8 puts it where it is called: most of a payload is in here. */
function afterPlain(bytes: Uint8Array, start: number): number {
  let position = start;
  while (PLAIN[bytes[position] as number] === 1) {
    position += 1;
  }
  return position;
}

/** @param start - the first byte of it that is not plain */
function afterString(bytes: Uint8Array, start: number, isKey: boolean): number {
  let position = start;
  while (bytes[position] !== QUOTE) {
    if (bytes[position] !== BACKSLASH) {
      return NOWHERE;
    }
    const escaped = bytes[position + 1];
    if (escaped === LOWER_U) {
      position = afterUnicodeEscape(bytes, position + 2, isKey);
    } else {
      position = ESCAPE[escaped as number] === 1 ? position + 2 : NOWHERE;
    }
    position = afterPlain(bytes, position);
  }
  return position + 1;
}

/** A literal or a number. */
function afterBare(bytes: Uint8Array, start: number): number {
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
    return NOWHERE;
  }
  const plain = afterPlain(bytes, quote + 1);
  const end = bytes[plain] === QUOTE ? plain + 1 : afterString(bytes, plain, true);
  if (end === NOWHERE) {
    return NOWHERE;
  }
  const length = end - quote - 2;
  const isUnsafe =
    (length === PROTO.length && holds(bytes, quote + 1, PROTO)) ||
    (length === CONSTRUCTOR.length && holds(bytes, quote + 1, CONSTRUCTOR));
  const colon = afterSpace(bytes, end);
  return !isUnsafe && bytes[colon] === COLON ? colon + 1 : NOWHERE;
}

/** After the one value that begins at `start`; NOWHERE if it is none that may be passed on. */
function afterValue(bytes: Uint8Array, start: number): number {
  let position = start;
  let depth = 0;
  /** The bracket that ends what the next value is in. */
  let close = 0;
  for (;;) {
    position = afterSpace(bytes, position);
    const first = bytes[position];
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth === MAX_PAYLOAD_DEPTH) {
        return NOWHERE;
      }
      AROUND[depth] = close;
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
        position = afterBare(bytes, position);
      }
      if (depth === 0) {
        return position;
      }
      position = afterSpace(bytes, position);
    }
    while (bytes[position] !== COMMA) {
      if (bytes[position] !== close) {
        return NOWHERE;
      }
      depth -= 1;
      if (depth === 0) {
        return position + 1;
      }
      close = AROUND[depth] as number;
      position = afterSpace(bytes, position + 1);
    }
    position = close === CLOSE_BRACE ? afterKey(bytes, position + 1) : position + 1;
  }
}

/** Which bytes a JSON text is made of. */
type JsonBytes = "ascii" | "utf8";

/**
 * Whether `bytes[start, end)` is one value that `JSON.parse` reads, with white space around it or not, and that `decode`
 * does not refuse: one nested too deep, or with a key that could reach a prototype.
 *
 * @returns undefined where it is not, or where that is not certain: `decode` is to be asked then
 */
export function checkJson(bytes: Uint8Array, start: number, end: number): JsonBytes | undefined {
  let position = afterValue(bytes, start);
  while (position < end && SPACE[bytes[position] as number] === 1) {
    position += 1;
  }
  if (position !== end) {
    return undefined;
  }
  const value = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  if (isAscii(value)) {
    return "ascii";
  }
  return isUtf8(value) ? "utf8" : undefined;
}
