import { isUtf8 } from "node:buffer";
import { isIndex, KeyWeigher } from "../../util/key-weigher.js";
import { maxWeight, TABLE_KEYS, TOO_HEAVY, WEIGHT } from "../../util/weight.js";
import { RejectionError, type RejectReason } from "../model/rejection.js";
import { LISTED_NAMES, MAX_ATTACHMENTS, MAX_DEPTH, TOO_MANY_NAMES } from "../values/limits.js";

/** What the first byte of a value says about it. */
interface Head {
  readonly kind: "scalar" | "text" | "bytes" | "list" | "map" | "unsupported";
  /** Bytes after it that hold the length; 0 if it holds the length itself. */
  readonly lengthBytes: number;
  /** If `lengthBytes` is 0: the bytes of a scalar or text, the items of a list, the entries of a map. */
  readonly size: number;
}

const head = (kind: Head["kind"], lengthBytes = 0, size = 0): Head => ({ kind, lengthBytes, size });

/** The types 0xc0 to 0xdf of the MessagePack specification. Extension types have no counterpart in JSON. */
const TYPES: readonly Head[] = [
  head("scalar"), // nil
  head("unsupported"), // never used
  head("scalar"), // false
  head("scalar"), // true
  ...[1, 2, 4].map((lengthBytes) => head("bytes", lengthBytes)),
  ...[1, 2, 4].map(() => head("unsupported")), // ext
  ...[4, 8].map((size) => head("scalar", 0, size)), // float
  ...[1, 2, 4, 8].map((size) => head("scalar", 0, size)), // uint
  ...[1, 2, 4, 8].map((size) => head("scalar", 0, size)), // int
  ...[1, 2, 4, 8, 16].map(() => head("unsupported")), // fixext
  ...[1, 2, 4].map((lengthBytes) => head("text", lengthBytes)),
  ...[2, 4].map((lengthBytes) => head("list", lengthBytes)),
  ...[2, 4].map((lengthBytes) => head("map", lengthBytes)),
];

/** One for each byte. */
const HEADS: readonly Head[] = [
  ...Array.from({ length: 0x80 }, () => head("scalar")),
  ...Array.from({ length: 0x10 }, (_, size) => head("map", 0, size)),
  ...Array.from({ length: 0x10 }, (_, size) => head("list", 0, size)),
  ...Array.from({ length: 0x20 }, (_, size) => head("text", 0, size)),
  ...TYPES,
  ...Array.from({ length: 0x20 }, () => head("scalar")),
];

const PROTO = Buffer.from("__proto__");
const CONSTRUCTOR = Buffer.from("constructor");
const PROTOTYPE = Buffer.from("prototype");

/** What is known of an open list or map. */
const MAP = 1;
const OF_CONSTRUCTOR = 2;
const INDEXED = 4;
const TABLE = 8;

/** Open containers while the map itself is read, the frame among them. */
const IN_MESSAGE = 2;

/** A shorter frame is within `maxWeight` whatever it says, since nothing weighs 150 times its bytes. */
export const WEIGHED_SIZE = 256 * 1024;

function reject(detail: string, reason: RejectReason = "not_msgpack"): never {
  throw new RejectionError(reason, detail);
}

/** Most texts are short and ASCII, which a loop finds out faster than a call of `isUtf8`. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position += 1) {
    if ((bytes[position] as number) >= 0x80 || position - start >= 64) {
      return isUtf8(bytes.subarray(position, end));
    }
  }
  return true;
}

/** Walks over the values of a frame, without building them and without recursion. */
class FrameValidator {
  private readonly frame: Buffer;
  private position = 0;
  /** Values still missing in each open container, the innermost last. The first is the frame itself, which has one. */
  private readonly missing: number[] = [1];
  private readonly flags: number[] = [0];
  /** `KeyWeigher.sequence` of the last key of each open container. */
  private readonly sequences: number[] = [0];
  private readonly keys: KeyWeigher | undefined;
  /** Whether the next value is that of a key `constructor`. */
  private isOfConstructor = false;
  private attachments = 0;
  private isInListOfNames = false;
  private names = 0;
  /** The sum of `missing`. */
  private totalMissing = 1;
  /** Bytes that JSON needs at least: `{},` for a list or map, `1,` for anything else. */
  jsonSize = 0;
  private readonly maxWeight: number;
  /** Bytes that the value will take in memory, if that may be much. */
  private weight = 0;
  hasLongKey = false;
  /** `constructor`, if an object has that key with a `prototype` inside. */
  unsafeKey: string | undefined;

  constructor(frame: Buffer) {
    this.frame = frame;
    this.maxWeight = maxWeight(frame.length);
    this.keys = frame.length < WEIGHED_SIZE ? undefined : new KeyWeigher();
  }

  run(): void {
    while (this.totalMissing > 0) {
      this.readValue();
      if (this.weight > this.maxWeight) {
        reject(TOO_HEAVY, "too_large");
      }
    }
    if (this.position < this.frame.length) {
      reject(`goes on after its end, at byte ${this.position}`);
    }
  }

  private readValue(): void {
    const start = this.position;
    const byte = this.frame[start] ?? this.truncated();
    const { kind, lengthBytes, size } = HEADS[byte] as Head;
    this.position += 1 + lengthBytes;
    if (this.position + this.totalMissing - 1 > this.frame.length) {
      this.truncated();
    }
    const length = lengthBytes === 0 ? size : this.frame.readUIntBE(start + 1, lengthBytes);
    const isKey = this.countValue();
    if (kind === "unsupported") {
      reject(`the type 0x${byte.toString(16)} at byte ${start} has no counterpart in JSON`);
    } else if (kind === "map" || kind === "list") {
      this.openContainer(kind, length, isKey);
    } else {
      this.readContent(kind, length, isKey);
    }
    this.weight += WEIGHT.slot;
    this.closeComplete();
  }

  /** @returns whether the value that starts here is a key */
  private countValue(): boolean {
    const top = this.missing.length - 1;
    const missing = this.missing[top] as number;
    this.missing[top] = missing - 1;
    this.totalMissing -= 1;
    if (this.isInListOfNames && this.missing.length > IN_MESSAGE) {
      this.names += 1;
      if (this.names > LISTED_NAMES.maxItems) {
        reject(TOO_MANY_NAMES, "too_large");
      }
    }
    return ((this.flags[top] as number) & MAP) !== 0 && missing % 2 === 0;
  }

  private openContainer(kind: "map" | "list", length: number, isKey: boolean): void {
    if (isKey) {
      reject(`a ${kind} for a key before byte ${this.position}`);
    }
    if (this.missing.length > MAX_DEPTH) {
      reject(`nested more than ${MAX_DEPTH} levels`, "too_deep");
    }
    const values = kind === "map" ? 2 * length : length;
    this.jsonSize += 3;
    this.weight += WEIGHT.container;
    this.missing.push(values);
    this.flags.push(
      kind === "map"
        ? MAP | (this.isOfConstructor ? OF_CONSTRUCTOR : 0) | (length >= TABLE_KEYS.msgpack ? TABLE : 0)
        : 0,
    );
    this.sequences.push(0);
    this.isOfConstructor = false;
    this.totalMissing += values;
    this.assertRoomForMissing();
  }

  private readContent(kind: "text" | "bytes" | "scalar", length: number, isKey: boolean): void {
    const start = this.position;
    this.jsonSize += 2;
    this.position += length;
    this.assertRoomForMissing();
    if (kind === "text" && !isText(this.frame, start, this.position)) {
      reject(`the text at byte ${start} is not UTF-8`);
    }
    if (isKey) {
      this.checkKey(kind, start, length);
      this.weighKey(kind, start);
      return;
    }
    this.isOfConstructor = false;
    if (kind === "text" && length > 1) {
      this.weight += WEIGHT.text + length;
    } else if (kind === "bytes") {
      this.attachments += 1;
      if (this.attachments > MAX_ATTACHMENTS) {
        reject(`more than ${MAX_ATTACHMENTS} values of bytes`, "too_large");
      }
    }
  }

  private checkKey(kind: "text" | "bytes" | "scalar", start: number, length: number): void {
    if (kind === "bytes") {
      reject(`bytes for a key at byte ${start}`);
    }
    this.hasLongKey ||= kind === "scalar" && length === 8;
    this.isOfConstructor = false;
    if (this.missing.length === IN_MESSAGE) {
      this.isInListOfNames = LISTED_NAMES.keys.some((key) => this.spells(key, start));
    }
    if (length < PROTO.length) {
      return;
    }
    if (this.spells(PROTO, start)) {
      reject('the key "__proto__"', "unsafe_name");
    }
    this.isOfConstructor = this.spells(CONSTRUCTOR, start);
    if (((this.flags.at(-1) as number) & OF_CONSTRUCTOR) !== 0 && this.spells(PROTOTYPE, start)) {
      this.unsafeKey = "constructor";
    }
  }

  /** Whether the text that starts there, and was just read, is this one. */
  private spells(word: Buffer, start: number): boolean {
    return this.position - start === word.length && word.equals(this.frame.subarray(start, this.position));
  }

  /** @param start - of the key, after its head; of a short integer, its head is all */
  private weighKey(kind: "text" | "bytes" | "scalar", start: number): void {
    if (this.keys === undefined) {
      return;
    }
    const flags = this.flags.at(-1) as number;
    const before = this.sequences.at(-1) as number;
    this.weight += this.keys.weigh(this.frame, start - 1, this.position, before, (flags & TABLE) !== 0);
    this.sequences[this.sequences.length - 1] = this.keys.sequence;
    if ((flags & INDEXED) === 0 && (kind === "scalar" || isIndex(this.frame, start, this.position))) {
      this.flags[this.flags.length - 1] = flags | INDEXED;
      this.weight += WEIGHT.indexedObject;
    }
  }

  private closeComplete(): void {
    while (this.missing.length > 1 && this.missing.at(-1) === 0) {
      this.missing.pop();
      this.flags.pop();
      this.sequences.pop();
    }
  }

  /** A missing value takes at least one byte, so a length that the frame cannot hold is rejected before it costs memory. */
  private assertRoomForMissing(): void {
    if (this.position + this.totalMissing > this.frame.length) {
      this.truncated();
    }
  }

  private truncated(): never {
    return reject(`truncated after ${this.frame.length} bytes`);
  }
}

interface FrameFacts {
  readonly hasLongKey: boolean;
  readonly unsafeKey: string | undefined;
}

/**
 * Checks one MessagePack value before it is decoded. It ends with the frame; its texts are UTF-8; it has no extension
 * types; it is not nested too deep; its keys are texts and scalars and never `__proto__`; it has no more values than JSON of
 * `maxSize` could; and it takes no more memory than is in proportion.
 *
 * @param maxSize - bytes that the value may have as JSON
 * @returns whether a key may be an integer that a double cannot hold, and a key that could reach a prototype
 * @throws RejectionError `not_msgpack`, `too_deep`, `too_large` or `unsafe_name`
 */
export function validateFrame(frame: Buffer, maxSize: number): FrameFacts {
  const validator = new FrameValidator(frame);
  validator.run();
  if (validator.jsonSize > maxSize) {
    reject(`more values than ${maxSize} bytes of JSON can hold`, "too_large");
  }
  return validator;
}

/** A value takes a byte at least, and three bytes of JSON at most: see `jsonSize`. */
const MAX_JSON_PER_BYTE = 3;

/**
 * What `validateFrame` compares with its `maxSize`: the bytes of the frame, or those that JSON needs for as many values.
 *
 * @param frame - of this package
 * @param maxSize - what needs no more in either form is not counted
 */
export function sizeOfFrame(frame: Buffer, maxSize: number): number {
  if (frame.byteLength * MAX_JSON_PER_BYTE <= maxSize) {
    return frame.byteLength;
  }
  const validator = new FrameValidator(frame);
  validator.run();
  return Math.max(frame.byteLength, validator.jsonSize);
}
