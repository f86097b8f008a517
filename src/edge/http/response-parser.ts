/** What a response begins with. */
export interface ResponseHead {
  readonly status: number;
  /** By name in lower case. Values of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Takes a response as it arrives. What it throws ends the response. */
export interface ResponseSink {
  /** The server asks for the body (100 Continue), perhaps more than once. */
  onContinue(): void;
  onHead(head: ResponseHead): void;
  onData(chunk: Buffer): void;
}

/** Bytes of a head, as Node's own parser has it, and of the trailers of a body in chunks. */
const MAX_HEAD = 16 * 1024;
/** Bytes of the line with the size of a chunk. */
const MAX_SIZE_LINE = 1024;

const CRLF = "\r\n";
const END_OF_HEAD = "\r\n\r\n";
const EMPTY = Buffer.alloc(0);

const PROTOCOL = Buffer.from("HTTP/1.");
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;
/** What no value holds; it may end a line for others. */
const CONTROL_CHARACTER = /[^\t\x20-\x7e\x80-\xff]/;
const CONTENT_LENGTH = /^\d{1,15}$/;
const CHUNK_SIZE = /^([\da-f]{1,8})[ \t]{0,8}(?:;|$)/i;

const CONTINUE = 100;
const SWITCHING_PROTOCOLS = 101;
const OK = 200;
/** Responses without a body, whatever their head says. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 304]);

type State = "head" | "body" | "rest" | "chunk size" | "chunk" | "end of chunk" | "trailers" | "complete";

/** @returns where the mark is; -1 if it has not come yet @throws Error if it is, or will be, beyond so many bytes */
function endWithin(data: Buffer, mark: string, most: number, what: string): number {
  const end = data.indexOf(mark);
  if (end > most || (end === -1 && data.byteLength > most)) {
    throw new Error(`${what} has more than ${most} bytes`);
  }
  return end;
}

function headersOf(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!HEADER_NAME.test(name)) {
      throw new Error("a header of the response has no name");
    }
    if (CONTROL_CHARACTER.test(line)) {
      throw new Error(`the header ${name} of the response has a control character`);
    }
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

const hasToken = (value: string | undefined, token: string): boolean =>
  value?.split(",").some((each) => each.trim().toLowerCase() === token) === true;

/**
 * One response of HTTP/1.1 after another, as RFC 9112 has them. Untrusted input: whatever a client and a proxy might read
 * in two ways is refused, and what has to be held until it is whole is bounded.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #state: State = "head";
  /** The beginning of a head or line. */
  #held: Buffer = EMPTY;
  /** Bytes of the body or chunk that have not come yet; of trailers, those that may come. */
  #left = 0;
  #isReusable = false;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  get isComplete(): boolean {
    return this.#state === "complete";
  }

  /** Whether another request may be sent after this response. */
  get isReusable(): boolean {
    return this.isComplete && this.#isReusable;
  }

  /** @throws Error for what is no response, and what the sink throws */
  push(chunk: Buffer): void {
    let data = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    while (data.byteLength > 0) {
      const taken = this.#take(data);
      if (taken === 0) {
        this.#held = data;
        return;
      }
      data = data.subarray(taken);
    }
  }

  /** The connection has ended. @throws Error if that is too early */
  end(): void {
    if (this.#state === "rest") {
      this.#state = "complete";
    }
    if (!this.isComplete) {
      const isEmpty = this.#state === "head" && this.#held.byteLength === 0;
      throw new Error(`the connection has ended ${isEmpty ? "without a response" : "in the midst of the response"}`);
    }
  }

  /** @returns how much of it was read; 0 if more is needed */
  #take(data: Buffer): number {
    switch (this.#state) {
      case "head":
        return this.#takeHead(data);
      case "chunk size":
        return this.#takeSize(data);
      case "body":
        return this.#takeBody(data, "complete");
      case "chunk":
        return this.#takeBody(data, "end of chunk");
      case "rest":
        this.#sink.onData(data);
        return data.byteLength;
      case "end of chunk":
        return this.#takeEndOfChunk(data);
      case "trailers":
        return this.#takeTrailer(data);
      case "complete":
        // Nobody has asked for what comes after it.
        this.#isReusable = false;
        return data.byteLength;
    }
  }

  #takeHead(data: Buffer): number {
    const end = endWithin(data, END_OF_HEAD, MAX_HEAD, "the head of the response");
    if (!data.subarray(0, PROTOCOL.byteLength).equals(PROTOCOL.subarray(0, data.byteLength))) {
      throw new Error("the response is not HTTP/1.1");
    }
    if (end === -1) {
      return 0;
    }
    const [first = "", ...lines] = data.toString("latin1", 0, end).split(CRLF);
    const [, minor, status] = STATUS_LINE.exec(first) ?? [];
    if (status === undefined) {
      throw new Error("the response is not HTTP/1.1");
    }
    this.#onHead(minor === "1", { status: Number(status), headers: headersOf(lines) });
    return end + END_OF_HEAD.length;
  }

  #onHead(isNew: boolean, head: ResponseHead): void {
    const { status, headers } = head;
    if (status === SWITCHING_PROTOCOLS) {
      throw new Error("the response switches to another protocol");
    }
    if (status < OK) {
      if (status === CONTINUE) {
        this.#sink.onContinue();
      }
      return;
    }
    const connection = headers.get("connection");
    this.#isReusable = isNew ? !hasToken(connection, "close") : hasToken(connection, "keep-alive");
    this.#startBody(status, headers);
    this.#sink.onHead(head);
  }

  #startBody(status: number, headers: ReadonlyMap<string, string>): void {
    const length = headers.get("content-length");
    const encoding = headers.get("transfer-encoding");
    if (encoding !== undefined && (length !== undefined || encoding.toLowerCase() !== "chunked")) {
      throw new Error("the response has a transfer-encoding besides chunked, or a length beside it");
    }
    if (length !== undefined && !CONTENT_LENGTH.test(length)) {
      throw new Error("the content-length of the response is no number");
    }
    if (WITHOUT_BODY.has(status)) {
      this.#state = "complete";
    } else if (encoding !== undefined) {
      this.#state = "chunk size";
    } else if (length === undefined) {
      this.#isReusable = false;
      this.#state = "rest";
    } else {
      this.#left = Number(length);
      this.#state = this.#left === 0 ? "complete" : "body";
    }
  }

  #takeBody(data: Buffer, after: State): number {
    const taken = Math.min(this.#left, data.byteLength);
    this.#left -= taken;
    if (this.#left === 0) {
      this.#state = after;
    }
    this.#sink.onData(data.subarray(0, taken));
    return taken;
  }

  #takeSize(data: Buffer): number {
    const end = endWithin(data, CRLF, MAX_SIZE_LINE, "the size of a chunk");
    if (end === -1) {
      return 0;
    }
    const [, size] = CHUNK_SIZE.exec(data.toString("latin1", 0, end)) ?? [];
    if (size === undefined) {
      throw new Error("the size of a chunk is no number");
    }
    const length = Number.parseInt(size, 16);
    this.#state = length === 0 ? "trailers" : "chunk";
    this.#left = length === 0 ? MAX_HEAD : length;
    return end + CRLF.length;
  }

  #takeEndOfChunk(data: Buffer): number {
    if (data.byteLength < CRLF.length) {
      return 0;
    }
    if (data.toString("latin1", 0, CRLF.length) !== CRLF) {
      throw new Error("a chunk of the response is longer than it says");
    }
    this.#state = "chunk size";
    return CRLF.length;
  }

  #takeTrailer(data: Buffer): number {
    const end = data.indexOf(CRLF);
    const length = end === -1 ? data.byteLength : end + CRLF.length;
    if (length > this.#left) {
      throw new Error(`the trailers of the response have more than ${MAX_HEAD} bytes`);
    }
    if (end === -1) {
      return 0;
    }
    this.#left -= length;
    if (end === 0) {
      this.#state = "complete";
    } else {
      headersOf([data.toString("latin1", 0, end)]);
    }
    return length;
  }
}
