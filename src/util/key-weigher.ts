import { randomInt } from "node:crypto";
import { areDigits } from "./json-tokens.js";
import { MANY_KINDS, WEIGHT } from "./weight.js";

/** Bits of a hash that tell keys apart. */
const HASH_BITS = 22;
const HASHES = 2 ** HASH_BITS;

/** Odd, and random: a sender who knew it could choose keys with equal hashes, which count as one. */
const FACTOR = 2 * randomInt(2 ** 30, 2 ** 31) + 1;

/** No byte of a key as it is hashed. */
const KEY_END = 0x200;

const ZERO = 0x30;

/** The largest index of V8. */
const MAX_INDEX = "4294967294";

/** Weighs the keys of one message. Most messages have few, and repeat them in the same order. */
export class KeyWeigher {
  // No private names in these classes: V8 11 (Node 20) can stop optimizing a loop that reads them after it has collected
  // garbage, and a message takes ten times as long.
  private readonly seen = new Uint8Array(HASHES / 8);
  private count = 0;

  /** Hash of the key that was weighed last, and of all that were before it: `before` for the next key of its object. */
  sequence = 0;

  /**
   * Weighs the key `bytes[start, end)`. One that was not seen before, or after other keys, weighs more the more were: of
   * those, more and more have the hash of another and go unnoticed.
   *
   * @param before - `sequence` of the key before it in its object; 0 for the first
   * @param isInTable - whether V8 keeps the keys of its object in a table, where their order is no matter
   */
  weigh(bytes: Uint8Array, start: number, end: number, before: number, isInTable: boolean): number {
    let hash = isInTable ? 0 : before;
    for (let position = start; position < end; position += 1) {
      hash = Math.imul(hash ^ (bytes[position] as number) ^ 0x100, FACTOR);
      hash ^= hash >>> 15;
    }
    // With the end of the key: "ab" and "c" are others than "a" and "bc".
    this.sequence = Math.imul(hash ^ KEY_END, FACTOR);
    const index = hash >>> (32 - HASH_BITS);
    const byte = this.seen[index >> 3] as number;
    const bit = 1 << (index & 7);
    this.seen[index >> 3] = byte | bit;
    if ((byte & bit) !== 0) {
      return isInTable ? WEIGHT.tableKey : this.count > MANY_KINDS ? WEIGHT.knownKey : 0;
    }
    const share = HASHES / (HASHES - this.count);
    this.count += 1;
    return share * (isInTable ? WEIGHT.newTableKey : WEIGHT.newKey);
  }
}

/** Whether V8 takes the key for an index. */
export function isIndex(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === 0 || length > MAX_INDEX.length || !areDigits(bytes, start, end)) {
    return false;
  }
  if (bytes[start] === ZERO) {
    return length === 1;
  }
  return length < MAX_INDEX.length || String.fromCharCode(...bytes.subarray(start, end)) <= MAX_INDEX;
}
