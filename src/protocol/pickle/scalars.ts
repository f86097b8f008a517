import { isUtf8 } from "node:buffer";
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
  if (digits.length > MAX_DIGITS || !/^-?(?:0|[1-9]\d*)$/.test(digits)) {
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

/** `UNICODE` of protocol 0: Latin-1, anything else as `\uXXXX` or `\UXXXXXXXX`. Other backslashes are literal. */
export function readEscapedText(frame: Buffer, start: number, end: number): string {
  const sequence = /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(.))/gs;
  return latin1(frame, start, end).replace(sequence, (whole, four, eight, other) => {
    if (other !== undefined && other !== "u" && other !== "U") {
      return whole;
    }
    const code = Number.parseInt(four ?? eight ?? "", 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : malformed(`${quote(whole)} is not a character`);
  });
}

const NON_ASCII = /[^\0-\x7f]/;

function assertAscii(text: string): string {
  return NON_ASCII.test(text) ? malformed("a str of Python 2 that is not ASCII") : text;
}

/** `BINSTRING` and its like: the `str` of Python 2, which Python 3 reads as ASCII. */
export function readAscii(frame: Buffer, start: number, end: number): string {
  return assertAscii(latin1(frame, start, end));
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
]);

/** `STRING` of protocol 0: the `repr()` of a `str` of Python 2. */
export function readQuoted(frame: Buffer, start: number, end: number): string {
  const quoted = readAscii(frame, start, end);
  const mark = quoted[0];
  if (quoted.length < 2 || (mark !== "'" && mark !== '"') || quoted.at(-1) !== mark) {
    malformed("a str of Python 2 without its quotes");
  }
  const text = quoted.slice(1, -1).replace(/\\(?:x([\da-fA-F]{2})|(.?))/gs, (whole, hex, other) => {
    if (hex !== undefined) {
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    return ESCAPES.get(other) ?? malformed(`${quote(whole)} is not an escape`);
  });
  return assertAscii(text);
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
