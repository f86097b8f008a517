import { type ParseArgsConfig, parseArgs } from "node:util";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** The command line is wrong; the message is one line that says how. */
export class UsageError extends Error {}

/** @throws UsageError for a name that is not known. @returns in the order of those known; all, if none is asked for */
export function namesOf<Name extends string>(
  flag: string,
  given: readonly string[],
  known: readonly Name[],
): readonly Name[] {
  const asked = given.flatMap((list) => list.split(",")).map((name) => name.trim());
  for (const name of asked) {
    if (!(known as readonly string[]).includes(name)) {
      throw new UsageError(`--${flag} is ${JSON.stringify(name)}; it takes ${known.join(", ")}`);
    }
  }
  return asked.length === 0 ? known : known.filter((name) => asked.includes(name));
}

/** @throws UsageError for anything else */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new UsageError(`--${flag} is ${JSON.stringify(text)}; it takes a whole number from ${least} to ${most}`);
  }
  return value;
}

/** `parseArgs` of Node, with its complaints in one line. @throws UsageError */
export function parseFlags<const Known extends Flags>(args: readonly string[], flags: Known) {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (cause) {
    throw new UsageError((cause as Error).message.replaceAll(/\s*\n/g, " "), { cause });
  }
}
