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

/**
 * @param what - the object, for the error: `option of outage`
 * @param names - of all that it may have
 * @throws BridgeError `BRIDGE_INVALID_OPTION` for another one that is not undefined: most likely it is misspelt
 */
export function noOthers(what: string, options: object, names: Readonly<Record<string, true>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(names, name) && value !== undefined) {
      const known = Object.keys(names).sort().join(", ");
      throw new BridgeError("BRIDGE_INVALID_OPTION", `there is no ${what} ${JSON.stringify(name)}; there are ${known}`);
    }
  }
}
