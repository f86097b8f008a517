/**
 * What a decoded message takes, estimated before anything of it is built: bytes on V8's heap with 64-bit pointers, or one for
 * each five nanoseconds where V8 takes longer than to fill so many. What peers send in practice takes two to four times its
 * size. Many tiny values take far more, and so do objects that have little in common.
 */
export const WEIGHT = {
  /** A place in a list or an object, and whatever fits into it. */
  slot: 8,
  /** A list or an object, besides its places. */
  container: 48,
  /** A text, besides its bytes. */
  text: 24,
  /** `NaN` or `Infinity`: where it is, and that it is written anew for `JSON.parse` and looked for afterwards. */
  word: 36,
  /** A key that no other object had yet after the same keys: V8 makes a new kind of object (a hidden class) for it. */
  newKey: 256,
  /** Another one, among so many kinds that V8 hardly finds the right one in a cache of the processor. */
  knownKey: 96,
  /** A key of an object with so many that V8 keeps them in a table, and one that no object had yet. */
  tableKey: 48,
  newTableKey: 128,
  /** An object with a key such as "17", which V8 stores apart. */
  indexedObject: 200,
} as const;

/**
 * From so many keys on V8 keeps those of an object in a table: of one that `JSON.parse` builds, and of one that is built key
 * by key, as @msgpack/msgpack does.
 */
export const TABLE_KEYS = { json: 128, msgpack: 20 } as const;

/** Kinds of objects from which on a known key weighs something. */
export const MANY_KINDS = 16_384;

export const MAX_WEIGHT_PER_BYTE = 10;

/** A smaller message weighs as one of this size may, in bytes. */
const FREE_SIZE = 4 * 1024 * 1024;

/** Bytes that a message of that many bytes may take in memory. */
export const maxWeight = (size: number): number => MAX_WEIGHT_PER_BYTE * Math.max(size, FREE_SIZE);

export const TOO_HEAVY = `so many small values that they take more than ${MAX_WEIGHT_PER_BYTE} times its size in memory`;
