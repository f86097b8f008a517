import { BridgeError } from "../errors.js";

/** Longest delay that a timer of Node takes; more than that fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Whether a timer of Node can wait that long. */
export function isTimerDelay(milliseconds: unknown): milliseconds is number {
  return (
    Number.isSafeInteger(milliseconds) && (milliseconds as number) > 0 && (milliseconds as number) <= LONGEST_TIMER_MS
  );
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function integerInRange(name: string, value: number, least = 1, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${name} is ${String(value)}; it takes a whole number ${range}`);
  }
  return value;
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function oneOf<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    const names = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${name} is ${JSON.stringify(value)}; it takes ${names}`);
  }
  return choice;
}
