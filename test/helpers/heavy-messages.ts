import { encode } from "@msgpack/msgpack";

/** Messages that would take memory or time out of proportion to their size, and some that do not. */

/** A JSON list of about that many bytes. */
export function listOf(item: string | ((index: number) => string), size: number): string {
  const items: string[] = [];
  for (let bytes = 2, index = 0; bytes < size; index += 1) {
    const next = typeof item === "string" ? item : item(index);
    items.push(next);
    bytes += next.length + 1;
  }
  return `[${items.join(",")}]`;
}

type Maker<Message> = readonly [what: string, make: (size: number) => Message];

/** Of those letters, so many, in an order of its own for each index. */
function shuffled(letters: string, many: number, index: number): string[] {
  const rest = [...letters];
  let random = index;
  return Array.from({ length: many }, () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return rest.splice((random >>> 8) % rest.length, 1)[0] as string;
  });
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCD";

const key = (index: number) => index.toString(36).padStart(4, "_");

export const HEAVY_JSON: readonly Maker<string>[] = [
  ["empty lists", (size) => listOf("[]", size)],
  ["empty objects", (size) => listOf("{}", size)],
  ["lists in lists", (size) => listOf("[".repeat(900) + "]".repeat(900), size)],
  ["objects that share no key", (size) => listOf((index) => `{"${key(index)}":1}`, size)],
  ["keys that are all different", (size) => `{${listOf((index) => `"${key(index)}":1`, size).slice(1, -1)}}`],
  [
    "objects of eight letters in any order",
    (size) =>
      listOf(
        (index) =>
          `{${shuffled(LETTERS, 8, index)
            .map((letter) => `"${letter}":1`)
            .join(",")}}`,
        size,
      ),
  ],
  [
    "objects of fifty keys of digits that are no indexes",
    (size) => {
      const fifty = (index: number) => Array.from({ length: 50 }, (_, at) => `"0${50 * index + at}":1`).join(",");
      return listOf((index) => `{${fifty(index)}}`, size);
    },
  ],
  ["nothing but NaN", (size) => listOf("NaN", size)],
  ["objects with an index for a key", (size) => listOf((index) => `{"${index % 100}":1}`, size)],
];

export const LIGHT_JSON: readonly Maker<string>[] = [
  ["numbers of one digit", (size) => listOf("1", size)],
  ["coordinates", (size) => listOf((index) => `[${index / 8}, ${index / 3}]`, size)],
  ["pairs as Python writes them", (size) => listOf(" [1, 2]", size)],
  ["texts of one letter", (size) => listOf('"a"', size)],
  ["objects with the same keys", (size) => listOf((index) => `{"id":${index},"name":"n${index}"}`, size)],
  [
    "an object whose keys are names",
    (size) => `{${listOf((index) => `"user-${index}@example.com":{"n":${index}}`, size).slice(1, -1)}}`,
  ],
  ["one text", (size) => `"${"x".repeat(size)}"`],
  ["a text of escapes", (size) => `"${'\\"\\\\'.repeat(size / 4)}"`],
];

/** MAP_32 or ARRAY_32 with a length. */
function head(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt8(type);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

const list = (item: Buffer, size: number): Buffer => {
  const length = Math.floor(size / item.length);
  return Buffer.concat([head(0xdd, length), Buffer.alloc(length * item.length, item)]);
};

function shuffledMaps(size: number): Buffer {
  const maps: string[] = [];
  for (let bytes = 0; bytes < size; bytes += 25) {
    maps.push(
      `\x88${shuffled(LETTERS, 8, maps.length)
        .map((letter) => `\xa1${letter}\x01`)
        .join("")}`,
    );
  }
  return Buffer.concat([head(0xdd, maps.length), Buffer.from(maps.join(""), "latin1")]);
}

/** What both channels read as far as `data` and `items` go. */
const around = (value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xde, 0, 1]), Buffer.from(encode("data")), value]);

function integerKeys(size: number): Buffer {
  const length = Math.floor(size / 6);
  const entries = Buffer.alloc(length * 6, 0xc0);
  for (let index = 0; index < length; index += 1) {
    entries.writeUInt8(0xce, index * 6);
    entries.writeUInt32BE((index * 7919) % 2 ** 32, index * 6 + 1);
  }
  return Buffer.concat([head(0xdf, length), entries]);
}

function textKeys(size: number, kinds: number): Buffer {
  const length = Math.floor(size / 6);
  const entries = Buffer.from(Array.from({ length }, (_, index) => `\xa4${key(index % kinds)}\xc0`).join(""), "latin1");
  return Buffer.concat([head(0xdf, length), entries]);
}

const thirtyKeys = (): Buffer => Buffer.concat([Buffer.from([0xde, 0, 30]), textKeys(180, 30).subarray(5)]);

export const HEAVY_MSGPACK: readonly Maker<Buffer>[] = [
  ["empty bytes", (size) => around(list(Buffer.from([0xc4, 0]), size))],
  ["empty lists", (size) => around(list(Buffer.from([0x90]), size))],
  ["maps of one entry", (size) => around(list(Buffer.from([0x81, 1, 1]), size))],
  ["integers for keys", (size) => around(integerKeys(size))],
  ["texts for keys, all different", (size) => around(textKeys(size, Number.POSITIVE_INFINITY))],
  ["maps of eight letters in any order", (size) => around(shuffledMaps(size))],
  ["maps of the same thirty keys", (size) => around(list(thirtyKeys(), size))],
  ["the same few thousand texts for keys of one map", (size) => around(textKeys(size, 3_000))],
];

/** A message of the side channel with a frame in place of the items. */
export function reply(frame: Buffer): Buffer {
  const from = "0".repeat(32);
  const fields = Buffer.from(encode({ type: "server_side_emit", from, id: 1, namespace: "/", isAcknowledged: false }));
  return Buffer.concat([
    Buffer.from([0x80 + 6]),
    fields.subarray(1),
    Buffer.from(encode("args")),
    Buffer.from([0x91]),
    frame,
  ]);
}
