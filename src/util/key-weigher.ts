import { randomInt } from "node:crypto";
import { areDigits } from "./json-tokens.js";
import { WEIGHT } from "./weight.js";

/** Bits of a hash that tell keys apart. */
const HASH_BITS = 22;
const HASHES = 2 ** HASH_BITS;

/** Odd, and random: a sender who knew it could choose keys with equal hashes, which count as one. */
const FACTOR = 2 * randomInt(2 ** 30, 2 ** 31) + 1;

const ZERO = 0x30;

/** The largest index of V8. */
const MAX_INDEX = "4294967294";

/** Weighs the keys of one message. Most messages have few, and repeat them. */
export class KeyWeigher {
  readonly #seen = new Uint8Array(HASHES / 8);
  #count = 0;

  /**
   * @returns 0 for a key `bytes[start, end)` whose hash was seen before. Otherwise `WEIGHT.newKey`, increased by the share
   *   of new keys that go unnoticed: the more hashes are taken, the more have one of them
   */
  weigh(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0;
    for (let position = start; position < end; position += 1) {
      hash = Math.imul(hash ^ (bytes[position] as number) ^ 0x100, FACTOR);
      hash ^= hash >>> 15;
    }
    const index = hash >>> (32 - HASH_BITS);
    const byte = this.#seen[index >> 3] as number;
    const bit = 1 << (index & 7);
    this.#seen[index >> 3] = byte | bit;
    if ((byte & bit) !== 0) {
      return 0;
    }
    const share = HASHES / (HASHES - this.#count);
    this.#count += 1;
    return WEIGHT.newKey * share;
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
