/** A request of at least one argument, or the reason why the connection cannot continue. */
export type Parsed =
  | { readonly type: "request"; readonly args: readonly Buffer[] }
  | { readonly type: "malformed"; readonly reason: string };

/** Limits of one request. */
export interface RequestLimits {
  readonly maxArguments: number;
  /** All arguments together. */
  readonly maxBytes: number;
}

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const STAR = 0x2a;
const DOLLAR = 0x24;
/** No length has more digits; Redis allows longer lines only for inline commands. */
const MAX_LINE_BYTES = 32;

/**
 * Parses requests from a stream of chunks: arrays of bulk strings, as every client library sends them.
 *
 * There are no inline commands, so a web page that makes a browser post to the port gets an error for its first line.
 * An argument within one chunk is a view of that chunk. One that spans chunks is copied once, into a buffer of its
 * announced length, so the cost is linear in the bytes however small the chunks are.
 */
export class RequestParser {
  #chunk: Buffer = EMPTY;
  #offset = 0;
  /** The start of an incomplete line. */
  #line: Buffer[] = [];
  #lineBytes = 0;
  #args: Buffer[] = [];
  #argsMissing = 0;
  #argsBytes = 0;
  /** An incomplete argument, with room for the CR LF after it. */
  #bulk: Buffer | undefined;
  #bulkFilled = 0;
  #bulkLength = -1;

  /** The chunk belongs to the parser until `next()` gives `undefined`. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#offset);
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#offset = 0;
  }

  /** The next request, or `undefined` if more bytes are needed. Do not call again after `malformed`. */
  next(limits: RequestLimits): Parsed | undefined {
    for (;;) {
      const parsed = this.#bulkLength >= 0 ? this.#readBulk() : this.#readLine(limits);
      if (parsed === "incomplete") {
        return undefined;
      }
      if (parsed !== "continue") {
        return parsed;
      }
    }
  }

  #readLine(limits: RequestLimits): Parsed | "continue" | "incomplete" {
    const line = this.#takeLine();
    if (line === undefined) {
      return this.#lineBytes > MAX_LINE_BYTES
        ? malformed(`invalid ${this.#argsMissing > 0 ? "bulk" : "multibulk"} length`)
        : "incomplete";
    }
    return this.#argsMissing > 0 ? this.#startBulk(line, limits) : this.#startArray(line, limits);
  }

  /** A line with its LF; `readLength` checks the CR before it. */
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

  #startArray(line: Buffer, limits: RequestLimits): Parsed | "continue" {
    const wrong = wrongType(line, STAR);
    if (wrong !== undefined) {
      return wrong;
    }
    const count = readLength(line);
    if (count === undefined) {
      return malformed("invalid multibulk length");
    }
    if (count > limits.maxArguments) {
      return malformed(`invalid multibulk length (this broker takes at most ${limits.maxArguments} arguments)`);
    }
    // An empty or negative array is not a request and gets no reply.
    this.#argsMissing = Math.max(count, 0);
    this.#argsBytes = 0;
    return "continue";
  }

  #startBulk(line: Buffer, limits: RequestLimits): Parsed | "continue" {
    const wrong = wrongType(line, DOLLAR);
    if (wrong !== undefined) {
      return wrong;
    }
    const length = readLength(line);
    if (length === undefined || length < 0) {
      return malformed("invalid bulk length");
    }
    this.#argsBytes += length;
    if (this.#argsBytes > limits.maxBytes) {
      return malformed(`invalid bulk length (this broker takes requests of at most ${limits.maxBytes} bytes)`);
    }
    this.#bulkLength = length;
    return "continue";
  }

  #readBulk(): Parsed | "continue" | "incomplete" {
    const bytes = this.#takeBulk(this.#bulkLength + 2);
    if (bytes === undefined) {
      return "incomplete";
    }
    if (bytes[this.#bulkLength] !== CR || bytes[this.#bulkLength + 1] !== LF) {
      return malformed("expected CR LF after a bulk string");
    }
    this.#args.push(bytes.subarray(0, this.#bulkLength));
    this.#bulkLength = -1;
    this.#argsMissing -= 1;
    if (this.#argsMissing > 0) {
      return "continue";
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

function wrongType(line: Buffer, expected: number): Parsed | undefined {
  const [first = LF] = line;
  return first === expected
    ? undefined
    : malformed(`expected '${String.fromCharCode(expected)}', got '${String.fromCharCode(first)}'`);
}

/** The number in `*3\r\n` or `$3\r\n`. As in Redis, without a plus sign or leading zeros. */
function readLength(line: Buffer): number | undefined {
  const digits = /^.(0|-?[1-9][0-9]{0,14})\r\n$/s.exec(line.toString("latin1", 0, 32))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
