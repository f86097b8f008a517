import test from "ava";
import { type Frame, floodsOf } from "../../../bench/attack/floods.js";
import { HEAVY } from "../../../bench/attack/heavy.js";
import { randomOf } from "../../../bench/chaos/random.js";
import { decode } from "../../../src/protocol/decode.js";
import { decodeSideChannel } from "../../../src/protocol/side-channel/decode.js";

const FRAMES = 500;
const MIB = 2 ** 20;
const MAX_SIZE = 48 * MIB;
const OPTIONS = { legacyPickle: "data-only", dialect: "5.15" } as const;

const known = { hosts: ["a".repeat(32)], sids: ["s".repeat(20)] };
const real: readonly Frame[] = [{ isSideChannel: false, payload: Buffer.from('{"method": "emit", "event": "e"}') }];

function framesOf(seed: number, name: string): readonly Frame[] {
  const flood = floodsOf(
    randomOf(seed),
    () => known,
    () => real,
  ).find((each) => each.name === name);
  return flood === undefined ? [] : Array.from({ length: FRAMES }, () => flood.next());
}

const NAMES = floodsOf(
  randomOf(1),
  () => known,
  () => real,
).map(({ name }) => name);

const textOf = (frames: readonly Frame[]) => frames.map(({ payload }) => payload.toString("latin1")).join("\n");

const read = ({ isSideChannel, payload }: Frame) =>
  isSideChannel ? decodeSideChannel(payload, MAX_SIZE) : decode(payload, MAX_SIZE, OPTIONS);

for (const name of NAMES) {
  test(`${name}: a seed repeats the frames, and no frame makes a decoder throw`, (t) => {
    const frames = framesOf(7, name);
    t.true(textOf(frames) === textOf(framesOf(7, name)));
    t.false(textOf(frames) === textOf(framesOf(8, name)));
    const kinds = frames.map((frame) => read(frame).kind);
    t.true(kinds.includes("rejected"));
  });
}

test("frames by grammar get beyond the first check: many are valid, and many are not", (t) => {
  for (const name of ["JSON by grammar", "MessagePack by grammar", "side channel by grammar"]) {
    const kinds = framesOf(7, name).map((frame) => read(frame).kind);
    for (const kind of ["message", "rejected"] as const) {
      const share = kinds.filter((each) => each === kind).length / FRAMES;
      t.true(share > 0.02, `${name}: ${share} ${kind}`);
    }
  }
});

for (const { name, frame } of HEAVY) {
  test(`a heavy frame has about the size that is asked for: ${name}`, (t) => {
    const { payload } = frame(MIB);
    t.true(payload.byteLength > MIB / 6 && payload.byteLength < 1.5 * MIB, `${payload.byteLength}`);
  });
}
