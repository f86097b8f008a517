import { changed, type Mutation, Random, range, replaced } from "./mutations.js";
import { frameOf, REAL_PICKLES } from "./pickles.js";

/** All opcodes, those of plain data several times, with their argument if it is short. */
const SNIPPETS: readonly Buffer[] = [
  ...Array.from({ length: 0x100 }, (_, code) => [code]),
  ...[..."NNNN((((tttt)))]]]}}}aaaeeessuuu.001122dl"].map((letter) => [letter.charCodeAt(0)]),
  ...[0x85, 0x86, 0x87, 0x88, 0x89, 0x94, 0x94, 0x94].map((code) => [code]),
  ...[0, 1, 2, 3, 255].flatMap((index) => [
    [0x68, index], // BINGET
    [0x71, index], // BINPUT
    [0x4b, index], // BININT1
    [0x80, index], // PROTO
  ]),
  ...[
    "I7\n",
    "I01\n",
    "L-8L\n",
    "F1.5\n",
    "Vx\n",
    "S'y'\n",
    "g0\n",
    "p1\n",
    "cos\nsystem\n",
    "Vdata\n",
    "V__proto__\nNs",
  ].map((text) => [...Buffer.from(text)]),
  [0x8c, 1, 0x6b], // SHORT_BINUNICODE "k"
  [0x43, 1, 0xff], // SHORT_BINBYTES
  [0x8a, 2, 0, 0x80], // LONG1
  [0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], // BINFLOAT 1.0
  [0x32, 0x86], // DUP, TUPLE2
].map((bytes) => Buffer.from(bytes));

const MUTATIONS: readonly Mutation[] = [
  (frame, random) => changed(frame, random.below(frame.length), random.below(0x100)),
  (frame, random) => {
    const at = random.below(frame.length);
    return changed(frame, at, (frame[at] as number) ^ (1 << random.below(8)));
  },
  // Off by one: lengths above all.
  (frame, random) => {
    const at = random.below(frame.length);
    return changed(frame, at, (frame[at] as number) + (random.below(2) === 0 ? 1 : -1));
  },
  (frame, random) => changed(frame, random.below(frame.length), random.pick(SNIPPETS)[0] as number),
  (frame, random) => {
    const [start] = range(frame, random, 1);
    return replaced(frame, [start, start], random.pick(SNIPPETS));
  },
  (frame, random) => replaced(frame, range(frame, random, 12), random.pick(SNIPPETS)),
  (frame, random) => replaced(frame, range(frame, random, 12), Buffer.alloc(0)),
  (frame, random) => {
    const [start, end] = range(frame, random, 40);
    return replaced(frame, [end, end], frame.subarray(start, end));
  },
  // Before STOP, where the value is complete.
  (frame, random) => replaced(frame, [frame.length - 1, frame.length - 1], random.pick(SNIPPETS)),
  // A tuple in a tuple in a tuple, or a memo bomb.
  (frame, random) => {
    const part = Buffer.concat(Array<Buffer>(random.below(1_200)).fill(random.pick(SNIPPETS)));
    return replaced(frame, [frame.length - 1, frame.length - 1], part);
  },
  (frame, random, other) => replaced(frame, range(frame, random, 40), other.subarray(...range(other, random, 40))),
  (frame, random) => frame.subarray(0, random.below(frame.length + 1)),
  (frame, random, other) => Buffer.concat([frame, other.subarray(...range(other, random, 40))]),
];

/** Mutated, these may have 1 and 1.0 as two keys, which are one key to Python and never in a pickle of its own. */
const WITH_NUMBERS_FOR_KEYS: readonly string[] = ["keys", "a boolean for a key"];

const MESSAGES = REAL_PICKLES.filter(({ json, name }) => json !== undefined && !WITH_NUMBERS_FOR_KEYS.includes(name))
  .map(frameOf)
  .filter(({ length }) => length < 1_000);
const ATTACKS = REAL_PICKLES.filter(({ refused }) => refused !== undefined).map(frameOf);

/** Real pickles, messages and attacks, each changed in one to four places. */
export function* mutatedPickles(count: number, seed: number): Generator<Buffer> {
  const random = new Random(seed);
  for (let number = 0; number < count; number += 1) {
    let frame = random.pick(random.below(10) === 0 ? ATTACKS : MESSAGES);
    for (let changes = 1 + random.below(4); changes > 0 && frame.length > 0; changes -= 1) {
      frame = random.pick(MUTATIONS)(frame, random, random.pick(MESSAGES));
    }
    yield frame;
  }
}
