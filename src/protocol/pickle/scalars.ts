import { isAscii, isUtf8 } from "node:buffer";
import { quote } from "../../util/quote.js";
import { RejectionError } from "../model/rejection.js";

/** Numbers and texts from the arguments of opcodes: `frame[start, end)`. All throw a RejectionError `bad_pickle`. */

/** A float that is a whole number. As a key of a dict, Python writes 1.0 and not 1; as a value they are the same. */
export class WholeFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Integers beyond 2^53 are bigint. */
export type Scalar = null | boolean | number | bigint | WholeFloat | string | Buffer;

/** Python refuses to convert longer integers to text by default (`sys.get_int_max_str_digits`). */
const MAX_DIGITS = 4_300;

/** Any longer integer has more than `MAX_DIGITS` digits. */
const MAX_INTEGER_BYTES = 1_786;

function malformed(detail: string): never {
  throw new RejectionError("bad_pickle", detail);
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** `BININT`, `LONG1`, `LONG4`: two's complement, little endian. */
export function readInteger(frame: Buffer, start: number, end: number): number | bigint {
  const size = end - start;
  if (size > MAX_INTEGER_BYTES) {
    malformed(`an integer of ${size} bytes`);
  }
  if (size <= 6) {
    return size === 0 ? 0 : frame.readIntLE(start, size);
  }
  const digits = Buffer.from(frame.subarray(start, end)).reverse().toString("hex");
  return narrow(BigInt.asIntN(size * 8, BigInt(`0x${digits}`)));
}

function latin1(frame: Buffer, start: number, end: number): string {
  return frame.toString("latin1", start, end);
}

function toInteger(digits: string): number | bigint {
  // Python also reads hexadecimal and the like here, but never writes it.
  if (digits.length > MAX_DIGITS || !/^-?(?:0|[1-9]\d{0,4299})$/.test(digits)) {
    malformed(`${quote(digits)} is not an integer`);
  }
  return narrow(BigInt(digits));
}

/** `INT` of protocol 0, which has booleans as 00 and 01. */
export function readIntegerLine(frame: Buffer, start: number, end: number): number | bigint | boolean {
  const text = latin1(frame, start, end);
  return text === "00" || text === "01" ? text === "01" : toInteger(text);
}

/** `LONG` of protocol 0. */
export function readLongLine(frame: Buffer, start: number, end: number): number | bigint {
  const text = latin1(frame, start, end);
  return toInteger(text.endsWith("L") ? text.slice(0, -1) : text);
}

/** `PUT` and `GET` of protocol 0: an index of the memo. */
export function readIndexLine(frame: Buffer, start: number, end: number): number {
  const text = latin1(frame, start, end);
  return /^\d{1,10}$/.test(text) ? Number(text) : malformed(`${quote(text)} is not an index of the memo`);
}

/** `BINFLOAT` */
export function toFloat(value: number): number | WholeFloat {
  return Number.isInteger(value) ? new WholeFloat(value) : value;
}

const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);

/** `FLOAT` of protocol 0: the `repr()` of a float. */
export function readFloatLine(frame: Buffer, start: number, end: number): number | WholeFloat {
  const text = latin1(frame, start, end);
  const nonFinite = NON_FINITE.get(text);
  if (nonFinite !== undefined) {
    return nonFinite;
  }
  const isFloat = /^-?\d{1,400}(?:\.\d{0,400})?(?:e[+-]?\d{1,3})?$/.test(text);
  const value = isFloat ? Number(text) : Number.NaN;
  // A float out of range raises in Python too.
  return Number.isFinite(value) ? toFloat(value) : malformed(`${quote(text)} is not a float`);
}

function isShortAscii(frame: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    if ((frame[position] as number) >= 0x80 || position - start >= 64) {
      return false;
    }
  }
  return true;
}

const isBetween = (byte: number | undefined, least: number, most: number): boolean =>
  byte !== undefined && byte >= least && byte <= most;

/** `BINUNICODE` and its like: UTF-8 that may contain lone surrogates, each as three bytes: the `surrogatepass` of Python. */
export function readText(frame: Buffer, start: number, end: number): string {
  if (isShortAscii(frame, start, end)) {
    return latin1(frame, start, end);
  }
  const bytes = frame.subarray(start, end);
  if (isUtf8(bytes)) {
    return bytes.toString();
  }
  const parts: string[] = [];
  let partStart = 0;
  const addPart = (partEnd: number) => {
    const part = bytes.subarray(partStart, partEnd);
    parts.push(isUtf8(part) ? part.toString() : malformed("a text that is not UTF-8"));
  };
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    const [second, third] = [bytes[at + 1], bytes[at + 2]];
    if (isBetween(second, 0xa0, 0xbf) && isBetween(third, 0x80, 0xbf)) {
      addPart(at);
      parts.push(String.fromCharCode(0xd000 | (((second as number) & 0x3f) << 6) | ((third as number) & 0x3f)));
      partStart = at + 3;
    }
  }
  addPart(bytes.length);
  return parts.join("");
}

/** What an escape stands for, and its length with the backslash. */
interface Escape {
  readonly character: string;
  readonly length: number;
}

/** Puts characters in place of escapes. `readEscape` gets the position of each backslash. */
function withoutEscapes(text: string, readEscape: (text: string, backslash: number) => Escape): string {
  let unescaped = "";
  let position = 0;
  for (let next = text.indexOf("\\"); next !== -1; next = text.indexOf("\\", position)) {
    const { character, length } = readEscape(text, next);
    unescaped += text.slice(position, next) + character;
    position = next + length;
  }
  return unescaped + text.slice(position);
}

/** @returns NaN unless there are as many hexadecimal digits */
function readHex(text: string, start: number, digits: number): number {
  const hex = text.slice(start, start + digits);
  return hex.length === digits && /^[\da-fA-F]{1,8}$/.test(hex) ? Number.parseInt(hex, 16) : Number.NaN;
}

function readUnicodeEscape(text: string, backslash: number): Escape {
  const letter = text[backslash + 1];
  if (letter !== "u" && letter !== "U") {
    const character = text.slice(backslash, backslash + 2);
    return { character, length: character.length };
  }
  const digits = letter === "u" ? 4 : 8;
  const code = readHex(text, backslash + 2, digits);
  if (!(code <= 0x10ffff)) {
    malformed(`${quote(text.slice(backslash, backslash + 2 + digits))} is not a character`);
  }
  return { character: String.fromCodePoint(code), length: 2 + digits };
}

/** `UNICODE` of protocol 0: Latin-1, anything else as `\uXXXX` or `\UXXXXXXXX`. Other backslashes are literal. */
export function readEscapedText(frame: Buffer, start: number, end: number): string {
  return withoutEscapes(latin1(frame, start, end), readUnicodeEscape);
}

/** `BINSTRING` and its like: the `str` of Python 2, which Python 3 reads as ASCII. */
export function readAscii(frame: Buffer, start: number, end: number): string {
  const bytes = frame.subarray(start, end);
  return isAscii(bytes) ? latin1(frame, start, end) : malformed("a str of Python 2 that is not ASCII");
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

function readStringEscape(text: string, backslash: number): Escape {
  const letter = text[backslash + 1];
  if (letter === "x") {
    const code = readHex(text, backslash + 2, 2);
    if (!(code < 0x80)) {
      malformed("a str of Python 2 that is not ASCII");
    }
    return { character: String.fromCharCode(code), length: 4 };
  }
  const character =
    ESCAPES.get(letter ?? "") ?? malformed(`${quote(text.slice(backslash, backslash + 2))} is not an escape`);
  return { character, length: 2 };
}

/** `STRING` of protocol 0: the `repr()` of a `str` of Python 2. */
export function readQuoted(frame: Buffer, start: number, end: number): string {
  const quoted = readAscii(frame, start, end);
  const mark = quoted[0];
  if (quoted.length < 2 || (mark !== "'" && mark !== '"') || quoted.at(-1) !== mark) {
    malformed("a str of Python 2 without its quotes");
  }
  return withoutEscapes(quoted.slice(1, -1), readStringEscape);
}

/** `float.__repr__` */
function floatRepr(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  const [digits, exponent] = value.toExponential().split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    const plain = Object.is(value, -0) ? "-0" : String(value);
    return Number.isInteger(value) ? `${plain}.0` : plain;
  }
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Converting a longer key to text would take time on every use. */
const MAX_KEY = 10n ** 100n;

/** The key that `json.dumps` of Python writes; undefined if that raises. */
export function toJsonKey(key: Scalar): string | undefined {
  if (key instanceof WholeFloat) {
    return floatRepr(key.value);
  }
  switch (typeof key) {
    case "string":
      return key;
    case "number":
      return Number.isInteger(key) ? String(key) : floatRepr(key);
    case "bigint":
      return key < MAX_KEY && key > -MAX_KEY ? String(key) : undefined;
    case "boolean":
      return String(key);
    default:
      return key === null ? "null" : undefined;
  }
}
