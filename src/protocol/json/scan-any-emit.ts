import { randomUUID } from "node:crypto";
import type { Dialect } from "../model/dialect.js";
import { detectPayloadForm, readEmitEnvelope } from "../model/emit-envelope.js";
import { Fields } from "../model/fields.js";
import type { EmitEnvelope } from "../model/messages.js";
import { isForPython } from "../model/node-extension.js";
import { MAX_DEPTH } from "../values/limits.js";
import { byteTable, WHITE_SPACE } from "./check-json.js";
import { decodeJson } from "./decode.js";
import type { ScannedEmit } from "./scanned-emit.js";

/** Bytes of a message without its payload. Each level of nesting takes two, so no envelope is nested too deep. */
const MAX_ENVELOPE = 2 * MAX_DEPTH;

// Declared here rather than imported: see check-json.ts.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A position that was not found. */
const NOT_FOUND = -1;

/** The bytes of literals and numbers, which no other token has. */
const LITERAL = byteTable("0123456789+-.eEtrufalsn");

type Step = 1 | -1;

/** The first position from `start` on, forwards or backwards, whose byte is not in the table. */
function skip(table: Uint8Array, message: Uint8Array, start: number, step: Step): number {
  let position = start;
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
 * Position of the quote at the other end of a string, if it comes before the bound. This works backwards too: only
 * strings contain backslashes, so there is none before an opening quote.
 */
function otherQuote(message: Uint8Array, quote: number, step: Step, bound: number): number {
  for (let position = quote + step; (bound - position) * step > 0; position += step) {
    if (message[position] === QUOTE && !isEscaped(message, position)) {
      return position;
    }
  }
  return NOT_FOUND;
}

/** Position of the bracket that opens the list or object ending at `close`, if it comes before the bound. */
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
  return NOT_FOUND;
}

/** The keys that every emit of Python has besides `data`. */
const KEYS = ["method", "event", "namespace", "room", "skip_sid", "callback", "host_id"] as const;

/** A key as a bit: the first letters of all keys differ. Only a hint, since other keys may start alike. */
const keyBit = (first: number | undefined) => 1 << ((first as number) & 31);
const ALL_KEYS = KEYS.reduce((bits, key) => bits | keyBit(key.charCodeAt(0)), 0);

const isData = (message: Uint8Array, key: number, end: number) =>
  end - key === 4 &&
  message[key] === 0x64 &&
  message[key + 1] === 0x61 &&
  message[key + 2] === 0x74 &&
  message[key + 3] === 0x61;

interface Head {
  /** Where the value of `data` begins. */
  readonly start: number;
  /** Bits of the keys before it. */
  readonly seen: number;
}

/** Reads up to the value of `data`, past keys with strings, literals and numbers: Python has no others before it. */
function readHead(message: Uint8Array): Head | undefined {
  const bound = Math.min(message.length, MAX_ENVELOPE);
  let seen = 0;
  let position = skip(WHITE_SPACE, message, 0, 1);
  if (message[position] !== OPEN_BRACE) {
    return undefined;
  }
  while (position < bound) {
    const quote = skip(WHITE_SPACE, message, position + 1, 1);
    const close = message[quote] === QUOTE ? otherQuote(message, quote, 1, bound) : NOT_FOUND;
    const colon = skip(WHITE_SPACE, message, close + 1, 1);
    if (close === NOT_FOUND || message[colon] !== COLON) {
      return undefined;
    }
    const start = skip(WHITE_SPACE, message, colon + 1, 1);
    if (isData(message, quote + 1, close)) {
      return { start, seen };
    }
    seen |= keyBit(message[quote + 1]);
    const isString = message[start] === QUOTE;
    const end = isString ? otherQuote(message, start, 1, bound) + 1 : skip(LITERAL, message, start, 1);
    position = skip(WHITE_SPACE, message, end, 1);
    if (end <= start || message[position] !== COMMA) {
      return undefined;
    }
  }
  return undefined;
}

/** Position after a string, a literal or a number. */
function endOfScalar(message: Uint8Array, start: number): number {
  if (message[start] !== QUOTE) {
    return skip(LITERAL, message, start, 1);
  }
  // indexOf: the string may be long.
  let quote = start;
  do {
    quote = message.indexOf(QUOTE, quote + 1);
  } while (quote !== NOT_FOUND && isEscaped(message, quote));
  return quote + 1;
}

/** Position after a list or an object, found from the end of the message without reading the value. */
function endOfContainer(message: Uint8Array, head: Head): number {
  const bound = Math.max(head.start, message.length - MAX_ENVELOPE) - 1;
  let { seen } = head;
  let position = skip(WHITE_SPACE, message, message.length - 1, -1);
  while (position > bound) {
    const last = skip(WHITE_SPACE, message, position - 1, -1);
    let first: number;
    if (message[last] === QUOTE) {
      first = otherQuote(message, last, -1, bound);
    } else if (message[last] === CLOSE_BRACKET || message[last] === CLOSE_BRACE) {
      if ((seen & ALL_KEYS) === ALL_KEYS) {
        return last + 1;
      }
      first = openingBracket(message, last, bound);
    } else {
      first = skip(LITERAL, message, last, -1) + 1;
    }
    const colon = skip(WHITE_SPACE, message, first - 1, -1);
    const close = skip(WHITE_SPACE, message, colon - 1, -1);
    if (colon <= bound || message[colon] !== COLON || message[close] !== QUOTE) {
      return NOT_FOUND;
    }
    const quote = otherQuote(message, close, -1, bound);
    seen |= keyBit(message[quote + 1]);
    position = skip(WHITE_SPACE, message, quote - 1, -1);
  }
  return NOT_FOUND;
}

/** Stands for the payload while the rest is parsed; no sender can guess it. */
const PAYLOAD = randomUUID();

/**
 * @param text - the message with `PAYLOAD` in place of its payload
 * @throws RejectionError for what is not JSON or not an emit
 */
function readEnvelope(text: string): EmitEnvelope | undefined {
  const { value, unsafeKey, decodeExactly } = decodeJson(Buffer.from(text));
  const fields = new Fields(value as Record<string, unknown>, decodeExactly);
  // Of two equal keys the last one counts; then the payload found is not that of the message.
  const isPlain =
    unsafeKey === undefined &&
    fields.get("method") === "emit" &&
    fields.get("data") === PAYLOAD &&
    !fields.boolean("binary");
  const isComplete = KEYS.every((key) => fields.get(key) !== undefined);
  return isPlain && isComplete && !isForPython(fields) ? readEmitEnvelope(fields) : undefined;
}

/**
 * `scanEmit` for emits in any spelling: keys in any order, escapes, white space, extensions.
 *
 * @returns undefined if only `decode` can tell
 * @throws RejectionError for what `decode` will reject
 */
export function scanAnyEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
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
  // Invalid UTF-8 has become a replacement character.
  if (text.includes("\ufffd")) {
    return undefined;
  }
  const envelope = readEnvelope(text);
  return envelope && { envelope, form: detectPayloadForm(envelope, dialect), dataStart: start, dataEnd: end };
}
