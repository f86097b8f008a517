const ESCAPES = new Map([
  [0x6e, 0x0a], // \n
  [0x72, 0x0d], // \r
  [0x74, 0x09], // \t
  [0x62, 0x08], // \b
  [0x61, 0x07], // \a
]);
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const LOWER_X = 0x78;

type Word = { readonly bytes: Buffer; readonly end: number };

/**
 * Splits an inline command, what people type into telnet, as Redis does: words between white space; `"..."` with
 * `\n \r \t \b \a \xHH` and `\` before any other byte; `'...'` with `\'` alone.
 *
 * @returns `undefined` when a quote is not closed, or when something stands right behind a closing quote
 */
export function splitInline(line: Buffer): Buffer[] | undefined {
  const words: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at])) {
      at += 1;
    }
    if (at >= line.length) {
      return words;
    }
    const word = readWord(line, at);
    if (word === undefined) {
      return undefined;
    }
    words.push(word.bytes);
    at = word.end;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

/** A quoted part may follow plain bytes, as in `a"b c"`, and ends the word. */
function readWord(line: Buffer, start: number): Word | undefined {
  const bytes: number[] = [];
  let at = start;
  while (at < line.length && !isSpace(line[at])) {
    const byte = line.readUInt8(at);
    if (byte === DOUBLE || byte === SINGLE) {
      const end = byte === DOUBLE ? readDoubleQuoted(line, at + 1, bytes) : readSingleQuoted(line, at + 1, bytes);
      const alone = end !== undefined && (end === line.length || isSpace(line[end]));
      return alone ? { bytes: Buffer.from(bytes), end } : undefined;
    }
    bytes.push(byte);
    at += 1;
  }
  return { bytes: Buffer.from(bytes), end: at };
}

function readDoubleQuoted(line: Buffer, start: number, into: number[]): number | undefined {
  let at = start;
  while (at < line.length) {
    const byte = line.readUInt8(at);
    const escaped = line[at + 1];
    if (byte === DOUBLE) {
      return at + 1;
    }
    if (byte !== BACKSLASH || escaped === undefined) {
      into.push(byte);
      at += 1;
      continue;
    }
    const hex = escaped === LOWER_X ? line.toString("latin1", at + 2, at + 4) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      into.push(Number.parseInt(hex, 16));
      at += 4;
    } else {
      into.push(ESCAPES.get(escaped) ?? escaped);
      at += 2;
    }
  }
  return undefined;
}

function readSingleQuoted(line: Buffer, start: number, into: number[]): number | undefined {
  let at = start;
  while (at < line.length) {
    const byte = line.readUInt8(at);
    if (byte === SINGLE) {
      return at + 1;
    }
    const quote = byte === BACKSLASH && line[at + 1] === SINGLE;
    into.push(quote ? SINGLE : byte);
    at += quote ? 2 : 1;
  }
  return undefined;
}
