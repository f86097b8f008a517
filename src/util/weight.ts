/**
 * What a decoded message takes in memory, estimated before anything of it is built: bytes on V8's heap with 64-bit
 * pointers. What peers send in practice takes two to four times its size. Many tiny values take far more, and the time to
 * build them with it.
 */
export const WEIGHT = {
  /** A place in a list or an object, and whatever fits into it. */
  slot: 8,
  /** A list or an object, besides its places. */
  container: 48,
  /** A text, besides its bytes. */
  text: 24,
  /** A key that no other object had yet: V8 keeps its text, and makes a new kind of object for it. */
  newKey: 128,
  /** An object with a key such as "17", which V8 stores apart. */
  indexedObject: 200,
} as const;

export const MAX_WEIGHT_PER_BYTE = 10;

/** A smaller message weighs as one of this size may, in bytes. */
const FREE_SIZE = 1024 * 1024;

/** Bytes that a message of that many bytes may take in memory. */
export const maxWeight = (size: number): number => MAX_WEIGHT_PER_BYTE * Math.max(size, FREE_SIZE);

export const TOO_HEAVY = `so many small values that they take more than ${MAX_WEIGHT_PER_BYTE} times its size in memory`;
