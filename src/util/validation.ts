import { BridgeError } from "../errors.js";

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function integerInRange(name: string, value: number, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${name} is ${String(value)}; it takes a whole number ${range}`);
  }
  return value;
}

/** What a timer of Node takes; more of it would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Whether a timer of Node can wait so many milliseconds. */
export function isTimerDelay(milliseconds: unknown): milliseconds is number {
  return (
    Number.isSafeInteger(milliseconds) && (milliseconds as number) > 0 && (milliseconds as number) <= LONGEST_TIMER_MS
  );
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function oneOf<Word extends string>(name: string, value: string, known: readonly Word[]): Word {
  const word = known.find((candidate) => candidate === value);
  if (word === undefined) {
    const words = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${name} is ${JSON.stringify(value)}; it takes ${words}`);
  }
  return word;
}
