/* Where tokens of JSON end. None of these looks whether a text is JSON, and each takes time in proportion to its token. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Bytes that are looked at one by one before a search, which is faster for a long string. */
const SHORT = 64;

function isEscaped(json: Uint8Array, quote: number): boolean {
  let before = quote - 1;
  while (json[before] === BACKSLASH) {
    before -= 1;
  }
  return (quote - before) % 2 === 0;
}

/** @param start - after the opening quote @returns the position of the closing one, or the end of the text */
export function endOfString(json: Buffer, start: number): number {
  let position = start;
  for (;;) {
    const near = Math.min(position + SHORT, json.length);
    while (position < near && json[position] !== QUOTE) {
      position += json[position] === BACKSLASH ? 2 : 1;
    }
    if (position >= json.length) {
      return json.length;
    }
    if (json[position] === QUOTE) {
      return position;
    }
    const quote = json.indexOf(QUOTE, position);
    if (quote === -1) {
      return json.length;
    }
    if (!isEscaped(json, quote)) {
      return quote;
    }
    position = quote + 1;
  }
}

/** What ends a number or a word. */
const DELIMITER = new Uint8Array(256);
for (const byte of Buffer.from(' \n\r\t,:[]{}"')) {
  DELIMITER[byte] = 1;
}

/** After the number or word that starts there. */
export function endOfLiteral(json: Uint8Array, start: number): number {
  let position = start + 1;
  while (position < json.length && DELIMITER[json[position] as number] === 0) {
    position += 1;
  }
  return position;
}

const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** White space, of which this is the greatest. */
const SPACE = 0x20;

/** The value after a key. @param end - after the closing quote of the key */
export function valueAfterKey(json: Buffer, end: number): Buffer {
  let start = end;
  while (json[start] === COLON || (json[start] as number) <= SPACE) {
    start += 1;
  }
  let [position, depth] = [start, 0];
  do {
    const byte = json[position];
    if (byte === QUOTE) {
      position = endOfString(json, position + 1);
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth -= 1;
    } else {
      position = endOfLiteral(json, position) - 1;
    }
    position += 1;
  } while (depth > 0 && position < json.length);
  return json.subarray(start, position);
}

const ZERO = 0x30;
const NINE = 0x39;

/** Whether `bytes[start, end)` are digits, or nothing. */
export function areDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    const byte = bytes[position] as number;
    if (byte < ZERO || byte > NINE) {
      return false;
    }
  }
  return true;
}

/** Calls `onLiteral` for each number and word outside of strings. */
export function forEachLiteral(json: Buffer, onLiteral: (start: number, end: number) => void): void {
  for (let position = 0; position < json.length; ) {
    const byte = json[position] as number;
    if (byte === QUOTE) {
      position = endOfString(json, position + 1) + 1;
    } else if (DELIMITER[byte] === 1) {
      position += 1;
    } else {
      const end = endOfLiteral(json, position);
      onLiteral(position, end);
      position = end;
    }
  }
}
