import { randomUUID } from "node:crypto";
import type { Dialect } from "../model/dialect.js";
import { formOf, readEnvelope } from "../model/emit-fields.js";
import { Fields, RejectionError } from "../model/fields.js";
import type { EmitEnvelope, PayloadForm } from "../model/messages.js";
import { SPACE, tableOf } from "./check.js";
import { findUnsafeKey, MAX_DEPTH, mayHoldUnsafeKey, parseExactly } from "./parse.js";
import { scanUsualEmit } from "./usual-envelope.js";

/** An emit in JSON without attachments, of which the payload has not been read. */
export interface ScannedEmit {
  readonly envelope: EmitEnvelope;
  /** How `data` stands for the arguments. */
  readonly form: PayloadForm;
  /** Where the value of `data` begins in the message. */
  readonly start: number;
  /** Where it ends, exclusive. */
  readonly end: number;
}

/** Bytes, but for the payload. Each level of nesting takes two of them, so no envelope is nested too deep. */
const MAX_ENVELOPE = 2 * MAX_DEPTH;

// Not imported: see json-check.ts.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** In place of a position: what was looked for is not there. */
const NOWHERE = -1;

/** What literals and numbers are made of, and no other token is. */
const BARE = tableOf("0123456789+-.eEtrufalsn");

type Step = 1 | -1;

/** The first position from `at` on, forwards or backwards, whose byte is not in the table. */
function skip(table: Uint8Array, message: Uint8Array, at: number, step: Step): number {
  let position = at;
  while (table[message[position] as number] === 1) {
    position += step;
  }
  return position;
}

function isEscaped(message: Uint8Array, position: number): boolean {
  let before = position - 1;
  while (message[before] === BACKSLASH) {
    before -= 1;
  }
  return (position - before) % 2 === 0;
}

/**
 * Position of the quote at the other end of a string, if it comes before the bound. It holds backwards as well: nothing
 * but a string holds a backslash, so that there is none before an opening quote.
 */
function otherQuote(message: Uint8Array, quote: number, step: Step, bound: number): number {
  for (let position = quote + step; (bound - position) * step > 0; position += step) {
    if (message[position] === QUOTE && !isEscaped(message, position)) {
      return position;
    }
  }
  return NOWHERE;
}

/** The opening bracket of the list or the object that ends at `close`, if it comes before the bound. */
function openingBracket(message: Uint8Array, close: number, bound: number): number {
  let depth = 0;
  for (let position = close; position > bound; position -= 1) {
    const byte = message[position];
    if (byte === QUOTE) {
      position = otherQuote(message, position, -1, bound);
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth += 1;
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth -= 1;
      if (depth === 0) {
        return position;
      }
    }
  }
  return NOWHERE;
}

/** Keys that every emit of Python has besides `data`. */
const KEYS = ["method", "event", "namespace", "room", "skip_sid", "callback", "host_id"] as const;

/** Keys as bits, by their first letters, which differ. It is a hint only. */
const hintOf = (first: number | undefined) => 1 << ((first as number) & 31);
const ALL_KEYS = KEYS.reduce((bits, key) => bits | hintOf(key.charCodeAt(0)), 0);

const isData = (message: Uint8Array, key: number, end: number) =>
  end - key === 4 &&
  message[key] === 0x64 &&
  message[key + 1] === 0x61 &&
  message[key + 2] === 0x74 &&
  message[key + 3] === 0x61;

interface Head {
  /** Where the value of `data` begins. */
  readonly start: number;
  /** What keys there are before it. */
  readonly seen: number;
}

/** Reads up to the value of `data`, past keys with strings, literals and numbers; that is all there is in Python's. */
function readHead(message: Uint8Array): Head | undefined {
  const bound = Math.min(message.length, MAX_ENVELOPE);
  let seen = 0;
  let position = skip(SPACE, message, 0, 1);
  if (message[position] !== OPEN_BRACE) {
    return undefined;
  }
  while (position < bound) {
    const quote = skip(SPACE, message, position + 1, 1);
    const close = message[quote] === QUOTE ? otherQuote(message, quote, 1, bound) : NOWHERE;
    const colon = skip(SPACE, message, close + 1, 1);
    if (close === NOWHERE || message[colon] !== COLON) {
      return undefined;
    }
    const start = skip(SPACE, message, colon + 1, 1);
    if (isData(message, quote + 1, close)) {
      return { start, seen };
    }
    seen |= hintOf(message[quote + 1]);
    const isString = message[start] === QUOTE;
    const end = isString ? otherQuote(message, start, 1, bound) + 1 : skip(BARE, message, start, 1);
    position = skip(SPACE, message, end, 1);
    if (end <= start || message[position] !== COMMA) {
      return undefined;
    }
  }
  return undefined;
}

/** Of a string, a literal or a number. */
function endOfScalar(message: Uint8Array, start: number): number {
  if (message[start] !== QUOTE) {
    return skip(BARE, message, start, 1);
  }
  // It may be long.
  let quote = start;
  do {
    quote = message.indexOf(QUOTE, quote + 1);
  } while (quote !== NOWHERE && isEscaped(message, quote));
  return quote + 1;
}

/** Of a list or an object, found from the end of the message, without a walk through it. */
function endOfContainer(message: Uint8Array, head: Head): number {
  const bound = Math.max(head.start, message.length - MAX_ENVELOPE) - 1;
  let { seen } = head;
  let position = skip(SPACE, message, message.length - 1, -1);
  while (position > bound) {
    const last = skip(SPACE, message, position - 1, -1);
    let first: number;
    if (message[last] === QUOTE) {
      first = otherQuote(message, last, -1, bound);
    } else if (message[last] === CLOSE_BRACKET || message[last] === CLOSE_BRACE) {
      if ((seen & ALL_KEYS) === ALL_KEYS) {
        return last + 1;
      }
      first = openingBracket(message, last, bound);
    } else {
      first = skip(BARE, message, last, -1) + 1;
    }
    const colon = skip(SPACE, message, first - 1, -1);
    const close = skip(SPACE, message, colon - 1, -1);
    if (colon <= bound || message[colon] !== COLON || message[close] !== QUOTE) {
      return NOWHERE;
    }
    const quote = otherQuote(message, close, -1, bound);
    seen |= hintOf(message[quote + 1]);
    position = skip(SPACE, message, quote - 1, -1);
  }
  return NOWHERE;
}

/** Stands for the payload while the rest is parsed; nobody else can write it. */
const PAYLOAD = randomUUID();

/**
 * @throws SyntaxError for what is not JSON
 * @throws Refusal for what is no emit
 */
function readRest(text: string): EmitEnvelope | undefined {
  const rest = JSON.parse(text);
  const fields = new Fields(rest, () => parseExactly(text));
  // Of two keys of one name the last one holds; the payload found is not that of the message then.
  const isPlain = fields.get("method") === "emit" && fields.get("data") === PAYLOAD && !fields.flag("binary");
  if (mayHoldUnsafeKey(text) && findUnsafeKey(rest) !== undefined) {
    return undefined;
  }
  return isPlain && KEYS.every((key) => fields.get(key) !== undefined) ? readEnvelope(fields) : undefined;
}

/**
 * Reads all of an emit but its payload, if it is one in JSON without attachments, and if its spelling is one that is
 * understood without a walk through the payload. Never throws.
 *
 * The payload is not looked at: `checkJson` does that. Where it is one JSON value, the message is valid, and all of this
 * is what `decode` reads: the rest was parsed with another value in its place, and JSON is free of context. Of a message
 * that is dropped unchecked, namespace, rooms and sender are right if it is valid and no key is in it twice: all of
 * them were seen outside of what may be the payload.
 *
 * @returns undefined where `decode` is to be asked, which is always right
 */
export function scanEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
  return scanUsualEmit(message, dialect) ?? scanAnyEmit(message, dialect);
}

function scanAnyEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
  const head = readHead(message);
  if (head === undefined) {
    return undefined;
  }
  const { start } = head;
  const opening = message[start];
  const isContainer = opening === OPEN_BRACKET || opening === OPEN_BRACE;
  const end = isContainer ? endOfContainer(message, head) : endOfScalar(message, start);
  if (end <= start || start + message.length - end > MAX_ENVELOPE) {
    return undefined;
  }
  const text = `${message.toString("utf8", 0, start)}"${PAYLOAD}"${message.toString("utf8", end)}`;
  // What is not UTF-8 has become a replacement character.
  if (text.includes("\ufffd")) {
    return undefined;
  }
  try {
    const envelope = readRest(text);
    return envelope && { envelope, form: formOf(envelope, dialect), start, end };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RejectionError) {
      return undefined;
    }
    throw error;
  }
}
