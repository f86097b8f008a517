import fc from "fast-check";
import { decode } from "../../src/protocol/decode.js";
import { mayHaveUnsafeKey } from "../../src/protocol/json/decode.js";
import { encodeJson } from "../../src/protocol/json/encode.js";
import type { Dialect } from "../../src/protocol/model/dialect.js";
import type { EmitMessage } from "../../src/protocol/model/messages.js";
import { bytesOf, readRecordings } from "../golden/recordings.js";
import { outgoing, text } from "../protocol/arbitraries.js";
import { changed, type Mutation, Random, range, replaced } from "./mutations.js";
import { SPELLINGS, spellMembers } from "./spelt-json.js";

const MAX_SIZE = 1_000_000;

/** What `decode` reads, if it is an emit. */
export function emitOf(message: Uint8Array, dialect: Dialect = "5.15"): EmitMessage | undefined {
  const decoded = decode(message, MAX_SIZE, { legacyPickle: "refuse", dialect });
  return decoded.kind === "message" && decoded.message.method === "emit" ? decoded.message : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether `scanEmit` and `checkJson` must accept it: an emit without attachments, without NaN, and without what they leave
 * to `decode`, which are possibly unsafe keys and replacement characters.
 */
export function isPlain(message: Buffer): boolean {
  const text = message.toString();
  const isSuspicious = mayHaveUnsafeKey(text) || text.includes("\ufffd");
  return emitOf(message)?.payload.binary === false && isJson(text) && !isSuspicious;
}

/** What the releases of python-socketio that write JSON publish. */
export function goldenEmits(): readonly Buffer[] {
  return readRecordings()
    .flatMap(({ recordings }) => recordings.map(bytesOf))
    .filter((message) => message?.[0] === 0x7b)
    .filter((message) => message !== undefined && isPlain(message)) as Buffer[];
}

/** What this package publishes. */
export function ownEmits(count: number, seed: number): readonly Buffer[] {
  const emits = outgoing.filter(({ method }) => method === "emit");
  return fc
    .sample(emits, { numRuns: count, seed })
    .map((emit) => Buffer.from(encodeJson(emit)))
    .filter(isPlain);
}

type Member = readonly [key: string, value: unknown];

const envelope = fc.record({
  event: text,
  data: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue(), text),
  namespace: text.map((rest) => `/${rest}`),
  room: fc.oneof(fc.constant(null), text, fc.maxSafeInteger(), fc.bigInt({ min: 0n, max: 10n ** 40n })),
  skip_sid: fc.option(text),
  host_id: fc.uuid().map((uuid) => uuid.replaceAll("-", "")),
});
const lists = fc.record({
  room: fc.array(text, { minLength: 1, maxLength: 5 }),
  skip_sid: fc.array(text, { maxLength: 5 }),
  callback: fc.option(fc.tuple(text, fc.constant("/"), fc.nat())),
});

/** In Python's order. */
function membersOf(fields: Readonly<Record<string, unknown>>): Member[] {
  const { event, data, namespace, room, skip_sid, callback = null, host_id } = fields;
  return Object.entries({
    method: "emit",
    event,
    data,
    binary: false,
    namespace,
    room,
    skip_sid,
    callback,
    host_id,
  });
}

function shuffled(members: readonly Member[], random: Random): Member[] {
  const rest = [...members];
  return members.map(() => rest.splice(random.below(rest.length), 1)[0] as Member);
}

/** In all spellings. */
export function speltEmits(count: number, seed: number): readonly Buffer[] {
  const random = new Random(seed);
  const pairs = fc.sample(fc.tuple(envelope, fc.option(lists)), { numRuns: count, seed });
  return pairs
    .flatMap(([fields, more]) =>
      Object.values(SPELLINGS).map((spelling) =>
        Buffer.from(spellMembers(membersOf({ ...fields, ...more }), spelling, random)),
      ),
    )
    .filter(isPlain);
}

/** With keys in any order, and without lists and objects besides the payload. */
export function shuffledEmits(count: number, seed: number): readonly Buffer[] {
  const random = new Random(seed);
  return fc
    .sample(envelope, { numRuns: count, seed })
    .map((fields) =>
      Buffer.from(spellMembers(shuffled(membersOf(fields), random), random.pick(Object.values(SPELLINGS)), random)),
    )
    .filter(isPlain);
}

const unknown = fc.record(
  {
    except: fc.array(text, { maxLength: 5 }),
    node: fc.record({ volatile: fc.boolean(), compress: fc.boolean() }, { requiredKeys: [] }),
    ts: fc.double({ noDefaultInfinity: true, noNaN: true }),
    meta: fc.jsonValue(),
    é: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

/** With keys that Python does not write, in any order. */
export function foreignEmits(count: number, seed: number): readonly Buffer[] {
  const random = new Random(seed);
  return fc
    .sample(fc.tuple(envelope, unknown), { numRuns: count, seed })
    .map(([fields, others]) => {
      const members = shuffled([...membersOf(fields), ...Object.entries(others)], random);
      return Buffer.from(spellMembers(members, random.pick(Object.values(SPELLINGS)), random));
    })
    .filter(isPlain);
}

const SNIPPETS: readonly Buffer[] = [
  ...'""""\\\\[]{},,::  \n\t-+.eE0123456789tfn/u\u0000\u001f\u007f',
  ...[
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "1e999",
    "-0",
    "01",
    "1.",
    ".5",
    "\\u0041",
    "\\u00",
    "\\ud800",
    '\\"',
  ],
  ...['"data":', '"data": [1],', '"\\u0064ata":1,', '"room":"x",', '"binary":true,', '"method":"callback",'],
  ...['"__proto__":', '"constructor":{"prototype":1},', '"node":{"list":true},', '"except":["a"],', ',"host_id":null}'],
  ...["[[", "]]", "{}", "[]", '":"', '","', "\ufeff", "\u2028", "é", "实", "}{", " }", "{ "],
]
  .map((snippet) => Buffer.from(snippet))
  .concat([0x80, 0xbf, 0xc0, 0xe5, 0xed, 0xf4, 0xff].map((byte) => Buffer.from([byte])));

const MUTATIONS: readonly Mutation[] = [
  (message, random) => changed(message, random.below(message.length), random.below(0x100)),
  (message, random) => {
    const at = random.below(message.length);
    return changed(message, at, (message[at] as number) ^ (1 << random.below(8)));
  },
  (message, random) => changed(message, random.below(message.length), random.pick(SNIPPETS)[0] as number),
  (message, random) => {
    const [start] = range(message, random, 1);
    return replaced(message, [start, start], random.pick(SNIPPETS));
  },
  (message, random) => replaced(message, range(message, random, 12), random.pick(SNIPPETS)),
  (message, random) => replaced(message, range(message, random, 12), Buffer.alloc(0)),
  (message, random) => {
    const [start, end] = range(message, random, 60);
    return replaced(message, [end, end], message.subarray(start, end));
  },
  // Repeats or drops a pair: from one comma to the next.
  (message, random) => {
    const start = message.indexOf(",", random.below(message.length));
    const end = message.indexOf(",", start + 1);
    return end === -1
      ? message
      : replaced(message, [start, random.below(2) === 0 ? start : end], message.subarray(start, end));
  },
  // Nested a little, at the limit, or beyond it.
  (message, random) => {
    const [start, depth] = [message.indexOf("[") + 1, random.pick([3, 998, 999, 1_000])];
    const [open, close] = random.pick(["[]", '{"a":}'].map((pair) => [pair.slice(0, -1), pair.slice(-1)] as const));
    return replaced(message, [start, start], Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)},`));
  },
  (message, random, other) =>
    replaced(message, range(message, random, 80), other.subarray(...range(other, random, 80))),
  // A gap at a token, with more or fewer bytes than an envelope may have.
  (message, random) => {
    const token = random.pick(['"', ":", ",", "{", "}", "]"]);
    const at = message.indexOf(token, random.below(message.length)) + random.below(2);
    return replaced(
      message,
      [at, at],
      Buffer.alloc(random.pick([1, 100, 1_990, 2_100]), random.pick([" ", "\n", "\\"])),
    );
  },
  (message, random) => message.subarray(0, random.below(message.length + 1)),
  (message, random, other) => Buffer.concat([message, other.subarray(...range(other, random, 40))]),
];

/** The seeds, each changed in one to three places. */
export function* mutated(seeds: readonly Buffer[], count: number, seed: number): Generator<Buffer> {
  const random = new Random(seed);
  for (let number = 0; number < count; number += 1) {
    let message = random.pick(seeds);
    for (let changes = 1 + random.below(3); changes > 0 && message.length > 0; changes -= 1) {
      message = random.pick(MUTATIONS)(message, random, random.pick(seeds));
    }
    yield message;
  }
}
