import { CR, LF, LINE_END, type NeedMoreBytes, ReplyScanner } from "./reply-scanner.js";

const EMPTY = Buffer.alloc(0);
const PUSH = ">".charCodeAt(0);
const ARRAY = "*".charCodeAt(0);
const BULK = "$".charCodeAt(0);
/** How a message begins after its first byte, up to the length of the channel. */
const MESSAGE_START = Buffer.from("3\r\n$7\r\nmessage\r\n$");
/** Longer names of channels are left to the parser of ioredis. */
const MAX_CHANNEL = 64 * 1024;
const MAX_LENGTH_DIGITS = 10;

/** Where the channel and the payload of a message are in the data. */
interface Header {
  readonly channel: Extent;
  readonly payload: Extent;
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

/**
 * Takes the messages of subscriptions out of what Redis sends, and passes everything else on, unchanged and in order.
 *
 * The parser of ioredis handles every type of reply; a host receives one type, thousands of times a second. A message
 * within one chunk is a view of it; one that spans chunks is copied once.
 */
export class PubSubParser {
  readonly #onMessage: (channel: string, payload: Buffer) => void;
  readonly #onRest: (bytes: Buffer) => void;
  /** The beginning of a header or a line, until the rest of it arrives. */
  #held: Buffer = EMPTY;
  /** A payload that has arrived in part, with its line end, and how many bytes of it. */
  #payload: Buffer | undefined;
  #filled = 0;
  /** Of the last message. */
  #channel = "";
  #channelBytes: Buffer = EMPTY;
  readonly #replies = new ReplyScanner();

  constructor(onMessage: (channel: string, payload: Buffer) => void, onRest: (bytes: Buffer) => void) {
    this.#onMessage = onMessage;
    this.#onRest = onRest;
  }

  /** @throws Error for a message that ends elsewhere than its length says. Nothing more is to be pushed then */
  push(chunk: Buffer): void {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = EMPTY;
    let position = this.#fill(data);
    /** What lies between here and `position` is not a message. */
    let rest = position;
    while (position < data.length && !this.#replies.isLost) {
      const header = this.#replies.isAtReply ? readHeader(data, position) : undefined;
      if (typeof header === "object") {
        this.#passOn(data, rest, position);
        position = this.#take(data, header);
        rest = position;
        continue;
      }
      const next = header === "need more bytes" ? header : this.#replies.skip(data, position);
      if (next === "need more bytes") {
        this.#passOn(data, rest, position);
        this.#held = data.subarray(position);
        return;
      }
      position = next;
    }
    this.#passOn(data, rest, data.length);
  }

  #passOn(data: Buffer, start: number, end: number): void {
    if (end > start) {
      this.#onRest(data.subarray(start, end));
    }
  }

  /** @returns the position after the payload and its line end */
  #take(data: Buffer, { channel, payload: { start, end } }: Header): number {
    this.#recognize(data, channel);
    if (end + LINE_END <= data.length) {
      assertLineEnd(data, end);
      this.#onMessage(this.#channel, data.subarray(start, end));
      return end + LINE_END;
    }
    this.#payload = Buffer.allocUnsafeSlow(end + LINE_END - start);
    this.#filled = 0;
    return start + this.#fill(data.subarray(start));
  }

  /** Nearly always the channel is that of the previous message. */
  #recognize(data: Buffer, { start, end }: Extent): void {
    const bytes = this.#channelBytes;
    let index = bytes.length === end - start ? 0 : -1;
    while (index >= 0 && index < bytes.length) {
      index = data[start + index] === bytes[index] ? index + 1 : -1;
    }
    if (index === -1) {
      this.#channelBytes = Buffer.from(data.subarray(start, end));
      this.#channel = this.#channelBytes.toString();
    }
  }

  /** Adds to the payload that has arrived in part. @returns how many bytes of the data belonged to it */
  #fill(data: Buffer): number {
    const payload = this.#payload;
    if (payload === undefined) {
      return 0;
    }
    const taken = data.copy(payload, this.#filled);
    this.#filled += taken;
    if (this.#filled === payload.length) {
      this.#payload = undefined;
      assertLineEnd(payload, payload.length - LINE_END);
      this.#onMessage(this.#channel, payload.subarray(0, -LINE_END));
    }
    return taken;
  }
}

const isLineEnd = (data: Buffer, position: number): boolean => data[position] === CR && data[position + 1] === LF;

/** Otherwise what follows would be taken for parts of other messages. */
function assertLineEnd(data: Buffer, position: number): void {
  if (!isLineEnd(data, position)) {
    throw new Error("Redis sent what is not its protocol: a message of another length than it says");
  }
}

/** @returns undefined for anything but a message */
function readHeader(data: Buffer, position: number): Header | NeedMoreBytes | undefined {
  const type = data[position];
  if (type !== PUSH && type !== ARRAY) {
    return undefined;
  }
  const beginning = position + 1;
  for (let index = 0; index < MESSAGE_START.length; index += 1) {
    const byte = data[beginning + index];
    if (byte !== MESSAGE_START[index]) {
      return byte === undefined ? "need more bytes" : undefined;
    }
  }
  const channel = readBlob(data, beginning + MESSAGE_START.length);
  if (typeof channel !== "object") {
    return channel;
  }
  const after = channel.end + LINE_END;
  if (after >= data.length) {
    return channel.end - channel.start > MAX_CHANNEL ? undefined : "need more bytes";
  }
  const payload = isLineEnd(data, channel.end) && data[after] === BULK ? readBlob(data, after + 1) : undefined;
  if (typeof payload !== "object") {
    return payload;
  }
  return { channel, payload };
}

/** @param position - of the digits of its length */
function readBlob(data: Buffer, position: number): Extent | NeedMoreBytes | undefined {
  let length = 0;
  for (let index = position; index < position + MAX_LENGTH_DIGITS; index += 1) {
    const digit = (data[index] ?? 0) - 0x30;
    if (digit >= 0 && digit <= 9) {
      length = 10 * length + digit;
    } else if (index + 1 >= data.length) {
      return "need more bytes";
    } else {
      const start = index + LINE_END;
      return index === position || !isLineEnd(data, index) ? undefined : { start, end: start + length };
    }
  }
  return undefined;
}
