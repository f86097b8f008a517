import { randomUUID } from "node:crypto";
import { quote } from "../../util/quote.js";
import type { DecodedValue } from "../model/decoded.js";
import { RejectionError } from "../model/rejection.js";
import { MAX_DEPTH } from "../values/limits.js";

/**
 * Messages as JSON in UTF-8: what `json.dumps` of Python writes, which is more than JSON. `NaN`, `Infinity` and
 * `-Infinity` are words, and integers have any number of digits.
 */

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** @returns the position after the string literal that starts at `start`, or the end of the text */
function skipString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) {
      escapes += 1;
    }
    if (escapes % 2 === 0) {
      return end + 1;
    }
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** @param rewrite - gets each part of the text that is outside string literals */
function rewriteOutsideStrings(text: string, rewrite: (part: string) => string): string {
  const parts: string[] = [];
  let position = 0;
  while (position < text.length) {
    const literal = text.indexOf('"', position);
    const end = literal === -1 ? text.length : literal;
    parts.push(rewrite(text.slice(position, end)));
    position = literal === -1 ? text.length : skipString(text, literal);
    parts.push(text.slice(end, position));
  }
  return parts.join("");
}

function isDeeperThan(text: string, limit: number): boolean {
  // Each level costs an opening and a closing bracket.
  if (text.length <= 2 * limit) {
    return false;
  }
  let depth = 0;
  for (let position = 0; position < text.length; ) {
    const code = text.charCodeAt(position);
    if (code === QUOTE) {
      position = skipString(text, position);
      continue;
    }
    if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > limit) {
        return true;
      }
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      depth -= 1;
    }
    position += 1;
  }
  return false;
}

/** Stands for NaN while a text is parsed; no sender can guess it. */
const NAN = `NaN ${randomUUID()}`;

/** Reads `NaN`, `Infinity` and `-Infinity` as numbers. Clients get null for them, as from any JavaScript server. */
function parseWithNonFinite(text: string): unknown {
  const json = rewriteOutsideStrings(text, (part) =>
    part.replaceAll("Infinity", "1e999").replaceAll("NaN", `"${NAN}"`),
  );
  return JSON.parse(json, (_, value) => (value === NAN ? Number.NaN : value));
}

/** @throws RejectionError `too_deep` or `not_json` */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, MAX_DEPTH)) {
    throw new RejectionError("too_deep", `nested more than ${MAX_DEPTH} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // NaN is too rare to look for it before.
  }
  try {
    return parseWithNonFinite(text);
  } catch (error) {
    throw new RejectionError("not_json", quote((error as Error).message));
  }
}

/**
 * Puts integers that a double cannot hold into quotes, so that their digits survive `JSON.parse`: 9007199254740993 and
 * 9007199254740992 are two rooms.
 */
function quoteLargeIntegers(text: string): string {
  return rewriteOutsideStrings(text, (part) =>
    part.replace(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (number) =>
      /^-?\d{16,}$/.test(number) && !Number.isSafeInteger(Number(number)) ? `"${number}"` : number,
    ),
  );
}

/** `parseJson` with integers beyond 2^53 as strings of their digits. */
export function parseJsonExactly(text: string): unknown {
  return parseJson(quoteLargeIntegers(text));
}

/** The names themselves, or an ASCII letter or underscore as an escape, which no encoder writes without intent. */
const MAY_HAVE_UNSAFE_KEY = /__proto__|constructor|\\u00[4-7]/;

/** Whether a JSON text may contain a key that `findUnsafeKey` finds. False is certain, and saves that search. */
export function mayHaveUnsafeKey(text: string): boolean {
  return MAY_HAVE_UNSAFE_KEY.test(text);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decodeUtf8(payload: Uint8Array): string {
  try {
    return UTF8.decode(payload);
  } catch {
    const first = (payload[0] ?? 0).toString(16).padStart(2, "0");
    throw new RejectionError("not_json", `not UTF-8; the first byte is 0x${first}`);
  }
}

/**
 * `PubSubManager._thread` from python-socketio 5.14 on.
 *
 * @throws RejectionError `too_deep` or `not_json`
 */
export function decodeJson(payload: Uint8Array): DecodedValue {
  const text = decodeUtf8(payload);
  return {
    value: parseJson(text),
    mayHaveUnsafeKeys: mayHaveUnsafeKey(text),
    decodeExactly: () => parseJsonExactly(text),
  };
}
