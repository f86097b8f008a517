import { type ParseArgsConfig, parseArgs } from "node:util";

type Flags = NonNullable<ParseArgsConfig["options"]>;

/** The command line is wrong. The message is one line. */
export class UsageError extends Error {}

/** The known names that a list asks for, in the order of `known`; all, if it is empty. @throws UsageError */
export function namesOf<Name extends string>(
  flag: string,
  given: readonly string[],
  known: readonly Name[],
): readonly Name[] {
  const names = given.flatMap((list) => list.split(",")).map((name) => name.trim());
  for (const name of names) {
    if (!(known as readonly string[]).includes(name)) {
      throw new UsageError(`--${flag} is ${JSON.stringify(name)}; it takes ${known.join(", ")}`);
    }
  }
  return names.length === 0 ? known : known.filter((name) => names.includes(name));
}

/** @throws UsageError */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new UsageError(`--${flag} is ${JSON.stringify(text)}; it takes a whole number from ${least} to ${most}`);
  }
  return value;
}

/** `parseArgs` of Node, with errors of one line. @throws UsageError */
export function parseFlags<const Known extends Flags>(args: readonly string[], flags: Known) {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (cause) {
    throw new UsageError((cause as Error).message.replaceAll(/\s*\n/g, " "), { cause });
  }
}
