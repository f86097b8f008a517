import { randomUUID } from "node:crypto";
import { quote } from "../../util/quote.js";
import type { Rejection } from "../model/messages.js";

/**
 * Deepest nesting that is read. Python's `json` gives up at its recursion limit, 1000 by default, and a Python host well
 * before that (near 500), so no sender of the fleet writes more; V8 reads more than it can write again.
 */
export const MAX_DEPTH = 1000;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Position just after the string literal that starts at `start`, or the end of the text. */
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

/** Rewrites what stands outside of string literals. */
function mapOutsideStrings(text: string, rewrite: (bare: string) => string): string {
  const parts: string[] = [];
  let position = 0;
  while (position < text.length) {
    const literal = text.indexOf('"', position);
    const bareEnd = literal === -1 ? text.length : literal;
    parts.push(rewrite(text.slice(position, bareEnd)));
    position = literal === -1 ? text.length : skipString(text, literal);
    parts.push(text.slice(bareEnd, position));
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

/** Stands for NaN while a text is parsed; nobody else can write it. */
const NAN = `NaN ${randomUUID()}`;

/**
 * Python's `json` writes `NaN`, `Infinity` and `-Infinity`, which are not JSON. They come back as the numbers they are;
 * to a client they are sent as null, which is how JSON.stringify writes them.
 */
function parseWithNonFinite(text: string): unknown {
  const json = mapOutsideStrings(text, (bare) => bare.replaceAll("Infinity", "1e999").replaceAll("NaN", `"${NAN}"`));
  return JSON.parse(json, (_, value) => (value === NAN ? Number.NaN : value));
}

/** @returns the value, or why the text is refused; never throws */
export function parseJson(text: string): { readonly value: unknown } | { readonly rejected: Rejection } {
  if (isDeeperThan(text, MAX_DEPTH)) {
    return { rejected: { reason: "too_deep", detail: `nested more than ${MAX_DEPTH} levels` } };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Perhaps only for a NaN: that is rare enough to be looked at the second time.
  }
  try {
    return { value: parseWithNonFinite(text) };
  } catch (error) {
    return { rejected: { reason: "not_json", detail: quote((error as Error).message) } };
  }
}

/**
 * Puts integers that a double cannot hold into quotes, so that their digits survive `JSON.parse`: for rooms, where
 * 9007199254740993 and 9007199254740992 are two rooms.
 */
function quoteUnsafeIntegers(text: string): string {
  return mapOutsideStrings(text, (bare) =>
    bare.replace(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (number) =>
      /^-?\d{16,}$/.test(number) && !Number.isSafeInteger(Number(number)) ? `"${number}"` : number,
    ),
  );
}

/** A text that `parseJson` has read, once more, with integers beyond 2^53 as strings of their digits. */
export function parseExactly(text: string): unknown {
  const parsed = parseJson(quoteUnsafeIntegers(text));
  return "value" in parsed ? parsed.value : {};
}

const UNSAFE_NAMES: ReadonlySet<unknown> = new Set(["__proto__", "constructor"]);

export function isUnsafeName(name: unknown): boolean {
  return UNSAFE_NAMES.has(name);
}

/** `constructor` alone is a word like any other; with a `prototype` in it, it is aimed at code that merges objects. */
function reachesPrototype(key: string, value: unknown): boolean {
  return key === "constructor" && typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}

export function isUnsafeEntry(key: string, value: unknown): boolean {
  return key === "__proto__" || reachesPrototype(key, value);
}

/** The names themselves, or an ASCII letter or underscore in an escape, which no encoder writes without intent. */
const MAY_HOLD_UNSAFE_NAME = /__proto__|constructor|\\u00[4-7]/;

/** Quick, and never wrong where it says no: spares the walk below. */
export function mayHoldUnsafeKey(text: string): boolean {
  return MAY_HOLD_UNSAFE_NAME.test(text);
}

/** Looks for a key that could reach a prototype in code that copies the object carelessly. */
export function findUnsafeKey(value: unknown): Rejection | undefined {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== "object" || next === null || next instanceof Uint8Array) {
      continue;
    }
    for (const [key, child] of Object.entries(next)) {
      if (!Array.isArray(next) && isUnsafeEntry(key, child)) {
        return { reason: "unsafe_name", detail: `the key ${quote(key)}` };
      }
      pending.push(child);
    }
  }
  return undefined;
}
