import { isUtf8 } from "node:buffer";
import { MAX_DEPTH } from "../json/parse.js";
import type { Rejection, RejectReason } from "../model/messages.js";

/** What one head byte announces. */
interface Head {
  readonly kind: "scalar" | "text" | "bytes" | "list" | "map" | "refused";
  /** How many bytes after it say the length; 0 where the byte itself does. */
  readonly lengthBytes: number;
  /** Of a value, its bytes; of a text, its bytes, and of a container its entries, where the head byte itself says so. */
  readonly size: number;
}

const head = (kind: Head["kind"], lengthBytes = 0, size = 0): Head => ({ kind, lengthBytes, size });

/** The types 0xc0 to 0xdf of the MessagePack specification. Extension types have no counterpart in JSON. */
const TYPES: readonly Head[] = [
  head("scalar"), // nil
  head("refused"), // never used
  head("scalar"), // false
  head("scalar"), // true
  ...[1, 2, 4].map((lengthBytes) => head("bytes", lengthBytes)),
  ...[1, 2, 4].map(() => head("refused")), // ext
  ...[4, 8].map((size) => head("scalar", 0, size)), // float
  ...[1, 2, 4, 8].map((size) => head("scalar", 0, size)), // uint
  ...[1, 2, 4, 8].map((size) => head("scalar", 0, size)), // int
  ...[1, 2, 4, 8, 16].map(() => head("refused")), // fixext
  ...[1, 2, 4].map((lengthBytes) => head("text", lengthBytes)),
  ...[2, 4].map((lengthBytes) => head("list", lengthBytes)),
  ...[2, 4].map((lengthBytes) => head("map", lengthBytes)),
];

/** All 256. */
const HEADS: readonly Head[] = [
  ...Array.from({ length: 0x80 }, () => head("scalar")),
  ...Array.from({ length: 0x10 }, (_, size) => head("map", 0, size)),
  ...Array.from({ length: 0x10 }, (_, size) => head("list", 0, size)),
  ...Array.from({ length: 0x20 }, (_, size) => head("text", 0, size)),
  ...TYPES,
  ...Array.from({ length: 0x20 }, () => head("scalar")),
];

const PROTO = Buffer.from("__proto__");

/** Carries a rejection out of the walk; `checkFrame` catches it. */
class BrokenFrame extends Error {
  readonly rejected: Rejection;
  constructor(detail: string, reason: RejectReason = "not_msgpack") {
    super(detail);
    this.rejected = { reason, detail };
  }
}

/** Most texts are short and ASCII, and a call costs more than they do. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    if ((bytes[position] as number) >= 0x80 || position - start >= 64) {
      return isUtf8(bytes.subarray(position, end));
    }
  }
  return true;
}

class Walk {
  readonly #frame: Buffer;
  #position = 0;
  /** Of each open container, how many values are still to come. Outermost is the frame, which has one. */
  readonly #left: number[] = [1];
  readonly #isMap: boolean[] = [false];
  /** The sum of these. */
  #owed = 1;
  /** Bytes that JSON needs at least: a list or map is `{},` and everything else `1,`. */
  jsonSize = 0;
  hasLongKey = false;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  toTheEnd(): void {
    while (this.#owed > 0) {
      this.#value();
    }
    if (this.#position < this.#frame.length) {
      throw new BrokenFrame(`goes on after its end, at byte ${this.#position}`);
    }
  }

  #value(): void {
    const start = this.#position;
    const byte = this.#frame[start] ?? this.#truncated();
    const { kind, lengthBytes, size } = HEADS[byte] as Head;
    this.#position += 1 + lengthBytes;
    if (this.#position + this.#owed - 1 > this.#frame.length) {
      this.#truncated();
    }
    const length = lengthBytes === 0 ? size : this.#frame.readUIntBE(start + 1, lengthBytes);
    const isKey = this.#enter();
    switch (kind) {
      case "map":
      case "list":
        this.#open(kind, length, isKey);
        break;
      case "refused":
        throw new BrokenFrame(`the type 0x${byte.toString(16)} at byte ${start} has no counterpart in JSON`);
      default:
        this.#content(kind, length, isKey);
    }
    this.#closeFull();
  }

  /** @returns whether the value that comes is a key */
  #enter(): boolean {
    const top = this.#left.length - 1;
    const left = this.#left[top] as number;
    this.#left[top] = left - 1;
    this.#owed -= 1;
    return this.#isMap[top] === true && left % 2 === 0;
  }

  #open(kind: "map" | "list", length: number, isKey: boolean): void {
    if (isKey) {
      throw new BrokenFrame(`a ${kind} for a key before byte ${this.#position}`);
    }
    if (this.#left.length > MAX_DEPTH) {
      throw new BrokenFrame(`nested more than ${MAX_DEPTH} levels`, "too_deep");
    }
    const values = kind === "map" ? 2 * length : length;
    this.jsonSize += 3;
    this.#left.push(values);
    this.#isMap.push(kind === "map");
    this.#owed += values;
    this.#assertRest();
  }

  #content(kind: "text" | "bytes" | "scalar", length: number, isKey: boolean): void {
    const start = this.#position;
    this.jsonSize += 2;
    this.#position += length;
    this.#assertRest();
    if (kind === "text" && !isText(this.#frame, start, this.#position)) {
      throw new BrokenFrame(`the text at byte ${start} is not UTF-8`);
    }
    if (isKey) {
      this.#key(kind, start, length);
    }
  }

  #key(kind: "text" | "bytes" | "scalar", start: number, length: number): void {
    if (kind === "bytes") {
      throw new BrokenFrame(`bytes for a key at byte ${start}`);
    }
    if (length === PROTO.length && PROTO.equals(this.#frame.subarray(start, this.#position))) {
      throw new BrokenFrame('the key "__proto__"', "unsafe_name");
    }
    this.hasLongKey ||= kind === "scalar" && length === 8;
  }

  #closeFull(): void {
    while (this.#left.length > 1 && this.#left.at(-1) === 0) {
      this.#left.pop();
      this.#isMap.pop();
    }
  }

  /** Each value that is to come takes a byte at least: no length is believed that the frame cannot hold. */
  #assertRest(): void {
    if (this.#position + this.#owed > this.#frame.length) {
      this.#truncated();
    }
  }

  #truncated(): never {
    throw new BrokenFrame(`${this.#frame.length} bytes are not all of it`);
  }
}

/**
 * Walks over one MessagePack value, builds nothing and never recurses, so that a decoder after it meets no surprise:
 * the value is whole and ends with the frame, is text where it says so, has no extension types, is not nested too
 * deep, has texts and scalars for keys and no key `__proto__`, and costs no more memory than JSON of that size could.
 *
 * @param maxSize - bytes that its JSON may have
 * @returns why it is refused; or whether a key may be an integer that a double cannot hold
 */
export function checkFrame(
  frame: Buffer,
  maxSize: number,
): { readonly rejected: Rejection } | { readonly hasLongKey: boolean } {
  const walk = new Walk(frame);
  try {
    walk.toTheEnd();
  } catch (error) {
    if (error instanceof BrokenFrame) {
      return { rejected: error.rejected };
    }
    throw error;
  }
  return walk.jsonSize > maxSize
    ? { rejected: { reason: "too_large", detail: `more values than ${maxSize} bytes of JSON can hold` } }
    : { hasLongKey: walk.hasLongKey };
}
