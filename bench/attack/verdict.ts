import { cpus } from "node:os";
import type { AttackName } from "./names.js";
import type { TargetAnswer } from "./target.js";
import type { GoodMessage } from "./world.js";

/** What was seen after one attack. */
export interface Seen {
  readonly attack: AttackName;
  readonly name: string;
  readonly frames: number;
  readonly bytes: number;
  /** The next good message. */
  readonly good: GoodMessage;
  readonly answers: readonly TargetAnswer[];
}

export interface Outcome extends Seen {
  /** In words; none if every answer is within its limit. */
  readonly problems: readonly string[];
}

const MIB = 2 ** 20;

/** Of reading one message, on a core of one's own. */
const STALL_MS_PER_MIB = 50;
const PEAK_PER_BYTE = 10;

/** Of a process that does nothing special: its garbage collector, and the two cores that it shares with all others. */
const STALL_MS = 100;
const PEAK_BYTES = 48 * MIB;
/** After a garbage collection. Tables that are bounded are full after a flood. */
const HELD_BYTES = 64 * MIB;

/** All targets read the same message at the same time. */
const crowding = (processes: number): number => Math.max(1, processes / cpus().length);

/** A flood is read in several turns of the event loop. */
export const isOneMessage = (attack: AttackName): boolean => attack === "heavy" || attack === "clients";

export function problemsOf({ attack, bytes, good, answers }: Seen): readonly string[] {
  const size = isOneMessage(attack) ? bytes / MIB : 0;
  const problems = answers.flatMap(({ name, death, sample }) => {
    if (death !== undefined || sample === undefined) {
      return [`${name} is dead: ${death}`];
    }
    const { stall, peak, held } = sample;
    const mostStall = STALL_MS + crowding(answers.length) * STALL_MS_PER_MIB * Math.max(size, 1);
    const mostPeak = PEAK_BYTES + PEAK_PER_BYTE * size * MIB;
    return [
      ...(isOneMessage(attack) && stall > mostStall ? [`${name} stalls for ${Math.round(stall)} ms`] : []),
      ...(isOneMessage(attack) && peak > mostPeak ? [`${name} takes ${Math.round(peak / MIB)} MiB`] : []),
      ...(held > HELD_BYTES ? [`${name} keeps ${Math.round(held / MIB)} MiB`] : []),
    ];
  });
  return [...good.missing.map((who) => `the next good message does not arrive at ${who}`), ...problems];
}
