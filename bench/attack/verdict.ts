import { cpus } from "node:os";
import type { AttackName } from "./names.js";
import type { TargetAnswer } from "./target.js";
import type { Sample } from "./target-process.js";
import type { GoodMessage } from "./world.js";

/** What was seen after one attack. */
export interface Seen {
  readonly attack: AttackName;
  readonly name: string;
  readonly frames: number;
  readonly bytes: number;
  /** What Socket.IO itself takes at the first target, to read the same from a client for nobody. */
  readonly baseline?: Pick<Sample, "stall" | "peak">;
  /** The next good message. */
  readonly good: GoodMessage;
  readonly answers: readonly TargetAnswer[];
}

export interface Outcome extends Seen {
  /** In words; none if every answer is within its limit. */
  readonly problems: readonly string[];
}

const MIB = 2 ** 20;

/**
 * Of reading one message, on a core of one's own. V8's parser alone takes 30 to 60 ms for a MiB of digits or of different
 * keys, and has a list twice while it reads it.
 */
const STALL_MS_PER_MIB = 75;
const PEAK_PER_BYTE = 16;

/** Of a process that does nothing special: its garbage collector, and code that V8 has not compiled yet. */
const STALL_MS = 300;
const PEAK_BYTES = 48 * MIB;
/** After a garbage collection. Tables that are bounded are full after a flood. */
const HELD_BYTES = 64 * MIB;

/** All targets read the same message at the same time. */
const crowding = (processes: number): number => Math.max(1, processes / cpus().length);

/** A flood is read in several turns of the event loop. */
export const isOneMessage = (attack: AttackName): boolean => attack === "heavy" || attack === "clients";

export function problemsOf({ attack, bytes, baseline, good, answers }: Seen): readonly string[] {
  const size = isOneMessage(attack) ? bytes / MIB : 0;
  const problems = answers.flatMap(({ name, death, sample }, index) => {
    if (death !== undefined || sample === undefined) {
      return [`${name} is dead: ${death}`];
    }
    const { stall, peak, held } = sample;
    const own = index === 0 ? baseline : undefined;
    const mostStall = STALL_MS + crowding(answers.length) * STALL_MS_PER_MIB * Math.max(size, 1) + (own?.stall ?? 0);
    const mostPeak = PEAK_BYTES + PEAK_PER_BYTE * size * MIB + (own?.peak ?? 0);
    return [
      ...(isOneMessage(attack) && stall > mostStall ? [`${name} stalls for ${Math.round(stall)} ms`] : []),
      ...(isOneMessage(attack) && peak > mostPeak ? [`${name} takes ${Math.round(peak / MIB)} MiB`] : []),
      ...(held > HELD_BYTES ? [`${name} keeps ${Math.round(held / MIB)} MiB`] : []),
    ];
  });
  return [...good.missing.map((who) => `the next good message does not arrive at ${who}`), ...problems];
}
