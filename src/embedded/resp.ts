import { splitInline } from "./inline.js";

/** What the parser gives: one request of at least one argument, or why this connection cannot go on. */
export type Parsed =
  | { readonly type: "request"; readonly args: readonly Buffer[] }
  | { readonly type: "malformed"; readonly reason: string };

export interface RequestLimits {
  /** Until a client has given the password it gets 10 arguments of 16 KiB, as in Redis. */
  readonly authenticated: boolean;
  /** Arguments of one request. */
  readonly maxArguments: number;
  /** Bytes of all arguments of one request together. */
  readonly maxBytes: number;
}

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
/** Redis's PROTO_INLINE_MAX_SIZE; it also bounds the two kinds of length lines. */
const MAX_LINE_BYTES = 64 * 1024;
const UNAUTHENTICATED_ARGUMENTS = 10;
const UNAUTHENTICATED_BYTES = 16_384;

/**
 * Takes requests out of a stream of chunks.
 *
 * An argument that lies in one chunk is a view of that chunk. One that spans chunks is copied once, into a buffer of
 * its announced length, so the work is linear in the bytes however small the chunks are.
 */
export class RequestParser {
  #chunk: Buffer = EMPTY;
  #offset = 0;
  /** The start of a line whose end has not come yet. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  #args: Buffer[] = [];
  #argsMissing = 0;
  #argsBytes = 0;
  /** An argument of which only a part has come, with room for the CR LF behind it. */
  #bulk: Buffer | undefined;
  #bulkFilled = 0;
  #bulkLength = -1;

  /** The chunk belongs to the parser until `next()` gives `undefined`. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#offset);
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#offset = 0;
  }

  /** The next request, or `undefined` when more bytes are needed. Not to be called again after `malformed`. */
  next(limits: RequestLimits): Parsed | undefined {
    for (;;) {
      const parsed = this.#bulkLength >= 0 ? this.#readBulk() : this.#readLine(limits);
      if (parsed === "starved") {
        return undefined;
      }
      if (parsed !== "more") {
        return parsed;
      }
    }
  }

  #readLine(limits: RequestLimits): Parsed | "more" | "starved" {
    const line = this.#takeLine();
    if (line === undefined) {
      return this.#lineBytes > MAX_LINE_BYTES ? malformed(this.#tooBig()) : "starved";
    }
    if (this.#argsMissing > 0) {
      return this.#startBulk(line, limits);
    }
    return line[0] === STAR ? this.#startArray(line, limits) : inlineRequest(line);
  }

  /** A line with its LF; a `\r` before it is left for the reader to judge. */
  #takeLine(): Buffer | undefined {
    const end = this.#chunk.indexOf(LF, this.#offset);
    const part = this.#chunk.subarray(this.#offset, end === -1 ? undefined : end + 1);
    this.#offset += part.length;
    this.#lineBytes += part.length;
    if (this.#lineBytes > MAX_LINE_BYTES || end === -1) {
      if (part.length > 0) {
        this.#line.push(part);
      }
      return undefined;
    }
    const line = this.#line.length === 0 ? part : Buffer.concat([...this.#line, part]);
    this.#line = [];
    this.#lineBytes = 0;
    return line;
  }

  #tooBig(): string {
    if (this.#argsMissing > 0) {
      return "too big bulk count string";
    }
    return this.#line[0]?.[0] === STAR ? "too big mbulk count string" : "too big inline request";
  }

  #startArray(line: Buffer, limits: RequestLimits): Parsed | "more" {
    const count = readLength(line);
    if (count === undefined) {
      return malformed("invalid multibulk length");
    }
    if (count > limits.maxArguments) {
      return malformed(`invalid multibulk length (this broker takes at most ${limits.maxArguments} arguments)`);
    }
    if (!limits.authenticated && count > UNAUTHENTICATED_ARGUMENTS) {
      return malformed("unauthenticated multibulk length");
    }
    // An empty or negative array is no request and gets no reply.
    this.#argsMissing = Math.max(count, 0);
    this.#argsBytes = 0;
    return "more";
  }

  #startBulk(line: Buffer, limits: RequestLimits): Parsed | "more" {
    const first = line.readUInt8(0);
    if (first !== DOLLAR) {
      return malformed(`expected '$', got '${String.fromCharCode(first)}'`);
    }
    const length = readLength(line);
    if (length === undefined || length < 0) {
      return malformed("invalid bulk length");
    }
    this.#argsBytes += length;
    if (this.#argsBytes > limits.maxBytes) {
      return malformed(`invalid bulk length (this broker takes requests of at most ${limits.maxBytes} bytes)`);
    }
    if (!limits.authenticated && length > UNAUTHENTICATED_BYTES) {
      return malformed("unauthenticated bulk length");
    }
    this.#bulkLength = length;
    return "more";
  }

  #readBulk(): Parsed | "more" | "starved" {
    const bytes = this.#takeBulk(this.#bulkLength + 2);
    if (bytes === undefined) {
      return "starved";
    }
    if (bytes[this.#bulkLength] !== CR || bytes[this.#bulkLength + 1] !== LF) {
      return malformed("expected CR LF after a bulk string");
    }
    this.#args.push(bytes.subarray(0, this.#bulkLength));
    this.#bulkLength = -1;
    this.#argsMissing -= 1;
    if (this.#argsMissing > 0) {
      return "more";
    }
    const args = this.#args;
    this.#args = [];
    return { type: "request", args };
  }

  #takeBulk(length: number): Buffer | undefined {
    if (this.#bulk === undefined) {
      if (this.#chunk.length - this.#offset >= length) {
        this.#offset += length;
        return this.#chunk.subarray(this.#offset - length, this.#offset);
      }
      this.#bulk = Buffer.allocUnsafeSlow(length);
      this.#bulkFilled = 0;
    }
    const copied = this.#chunk.copy(this.#bulk, this.#bulkFilled, this.#offset);
    this.#offset += copied;
    this.#bulkFilled += copied;
    if (this.#bulkFilled < length) {
      return undefined;
    }
    const bulk = this.#bulk;
    this.#bulk = undefined;
    return bulk;
  }
}

function malformed(reason: string): Parsed {
  return { type: "malformed", reason };
}

function inlineRequest(line: Buffer): Parsed | "more" {
  const args = splitInline(line);
  if (args === undefined) {
    return malformed("unbalanced quotes in request");
  }
  return args.length === 0 ? "more" : { type: "request", args };
}

/** The number of `*3\r\n` or `$3\r\n`. Redis takes no plus sign and no leading zeros. */
function readLength(line: Buffer): number | undefined {
  const digits = /^.(0|-?[1-9][0-9]{0,14})\r\n$/s.exec(line.toString("latin1", 0, 32))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
