import type { Random } from "../chaos/random.js";
import { channelMessage, type Knowledge, sideChannelMessage } from "./grammar.js";
import { toJson, toMsgpack } from "./wire.js";

export interface Frame {
  readonly isSideChannel: boolean;
  /** Without the envelope of a bus that has one. @default false */
  readonly isRaw?: boolean;
  readonly payload: Buffer;
}

/** Frames one after the other. */
export interface Flood {
  readonly name: string;
  next(): Frame;
}

/** Real frames, which mutations start from. */
export type Seeds = () => readonly Frame[];

const MOST_OF_A_MUTATION = 4;

function mutateOnce(payload: Buffer, other: Buffer, random: Random): Buffer {
  if (payload.byteLength === 0) {
    return other;
  }
  const at = random.whole(0, payload.byteLength - 1);
  const end = Math.min(payload.byteLength, at + random.logUniform(1, 64));
  const from = random.whole(0, Math.max(0, other.byteLength - 1));
  const part = other.subarray(from, from + random.logUniform(1, 64));
  const [before, after] = [payload.subarray(0, at), payload.subarray(at)];
  switch (random.whole(1, 6)) {
    case 1: {
      const changed = Buffer.from(payload);
      changed[at] = random.whole(0, 255);
      return changed;
    }
    case 2:
      return Buffer.concat([before, payload.subarray(end)]);
    case 3:
      return Buffer.concat([before, part, after]);
    case 4:
      return Buffer.concat([before, payload.subarray(at, end), after]);
    case 5:
      return before;
    default:
      return Buffer.concat([before, part, payload.subarray(end)]);
  }
}

function mutated({ isSideChannel, payload }: Frame, other: Frame, random: Random): Frame {
  let result = payload;
  for (let count = random.whole(1, MOST_OF_A_MUTATION); count > 0; count -= 1) {
    result = mutateOnce(result, other.payload, random);
  }
  return { isSideChannel, payload: result };
}

/** Every kind of flood. What they send depends on the numbers that are drawn, and on what has been overheard. */
export function floodsOf(random: Random, known: () => Knowledge, seeds: Seeds): readonly Flood[] {
  const json = (): Frame => ({ isSideChannel: false, payload: Buffer.from(toJson(channelMessage(random, known()))) });
  const msgpack = (): Frame => ({ isSideChannel: false, payload: toMsgpack(channelMessage(random, known())) });
  const side = (): Frame => ({ isSideChannel: true, payload: toMsgpack(sideChannelMessage(random, known())) });
  const any = (): Frame => random.one([json, msgpack, side])();
  const noise = (): Frame => ({
    isSideChannel: random.chance(0.5),
    payload: Buffer.from(
      Array.from({ length: random.logUniform(1, 200) }, (_, index) =>
        index === 0 ? random.one([0x7b, 0x80, 0xde, 0xdf, 0x81]) : random.whole(0, 255),
      ),
    ),
  });
  return [
    { name: "JSON by grammar", next: json },
    { name: "MessagePack by grammar", next: msgpack },
    { name: "side channel by grammar", next: side },
    { name: "mutations of the above", next: () => mutated(any(), any(), random) },
    {
      name: "mutations of real messages",
      next: () => {
        const real = seeds();
        return real.length === 0 ? any() : mutated(random.one(real), random.one(real), random);
      },
    },
    { name: "noise", next: noise },
  ];
}
