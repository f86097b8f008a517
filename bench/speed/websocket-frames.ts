/** Bytes that are kept of each frame: all that the load needs, so that a large message costs it next to nothing. */
const KEPT_BYTES = 128;

const MEDIUM = 126;
const LARGE = 127;
const LONGEST_HEADER = 10;

/** Reads the frames of a WebSocket server: never masked, and here never fragmented or compressed. */
export class FrameReader {
  readonly #onFrame: (bytes: Buffer, at: number, length: number, opcode: number) => void;
  /** Header and first bytes of an incomplete frame. */
  readonly #head = Buffer.allocUnsafe(LONGEST_HEADER + KEPT_BYTES);
  #kept = 0;
  /** Bytes of the frame that are still to come, once its header is known. */
  #left = -1;
  #start = 0;
  #length = 0;

  /** @param onFrame - gets the payload's offset in a buffer that is overwritten afterwards, and its full length */
  constructor(onFrame: (bytes: Buffer, at: number, length: number, opcode: number) => void) {
    this.#onFrame = onFrame;
  }

  /** @param end - of the new bytes in the buffer */
  read(bytes: Buffer, end: number): void {
    let at = 0;
    while (at < end) {
      at = this.#kept === 0 ? this.#wholeFrames(bytes, at, end) : this.#rest(bytes, at, end);
    }
  }

  /** Fast path: frames that are complete in the chunk. */
  #wholeFrames(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at + 2 <= end) {
      const start = at + headerSize(bytes[at + 1] as number);
      if (start > end) {
        break;
      }
      const length = payloadLength(bytes, at);
      if (start + length > end) {
        break;
      }
      this.#onFrame(bytes, start, length, (bytes[at] as number) & 15);
      at = start + length;
    }
    return at < end ? this.#rest(bytes, at, end) : at;
  }

  /** Slow path: byte by byte until the length is known, then the kept part of the frame. @returns the next offset */
  #rest(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end && this.#left < 0) {
      this.#head[this.#kept] = bytes[at] as number;
      this.#kept += 1;
      at += 1;
      if (this.#kept >= 2 && this.#kept === headerSize(this.#head[1] as number)) {
        this.#start = this.#kept;
        this.#length = payloadLength(this.#head, 0);
        this.#left = this.#length;
      }
    }
    if (this.#left < 0) {
      return at;
    }
    const size = Math.min(this.#left, end - at);
    const room = Math.min(size, this.#head.length - this.#kept);
    if (room > 0) {
      bytes.copy(this.#head, this.#kept, at, at + room);
      this.#kept += room;
    }
    this.#left -= size;
    if (this.#left === 0) {
      this.#onFrame(this.#head, this.#start, this.#length, (this.#head[0] as number) & 15);
      this.#kept = 0;
      this.#left = -1;
    }
    return at + size;
  }
}

function headerSize(second: number): number {
  const short = second & 127;
  return short === LARGE ? 10 : short === MEDIUM ? 4 : 2;
}

function payloadLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 127;
  if (short === LARGE) {
    return bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
  }
  return short === MEDIUM ? bytes.readUInt16BE(at + 2) : short;
}

/** Above it, a length takes eight bytes. Python's simple-websocket refuses one in more bytes than it needs. */
const LONGEST_MEDIUM = 0xffff;

/** A text frame of a client. Its mask is zero, which every server accepts. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = Buffer.alloc(length < MEDIUM ? 6 : length <= LONGEST_MEDIUM ? 8 : 14);
  head[0] = 0x81;
  if (length < MEDIUM) {
    head[1] = 0x80 | length;
  } else if (length <= LONGEST_MEDIUM) {
    head[1] = 0x80 | MEDIUM;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | LARGE;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}
