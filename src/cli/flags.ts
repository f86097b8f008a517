import { parseArgs } from "node:util";
import { BridgeError } from "../errors.js";

/** A long flag, which is also an environment variable. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly repeatable?: boolean;
  /** One letter, as in `-h`. */
  readonly short?: string;
  /** What `--help` calls the value, as in `--port N`. */
  readonly value?: string;
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

export interface ParsedFlags {
  readonly positionals: readonly string[];
  string(name: string): string | undefined;
  strings(name: string): readonly string[];
  boolean(name: string): boolean;
}

/** What every command has. */
export const HELP_FLAG: Flag = { type: "boolean", short: "h", help: "show this help" };

/** `skip-sid` is `SOCKETIO_BRIDGE_SKIP_SID`. */
function environmentName(flag: string): string {
  return `SOCKETIO_BRIDGE_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** A repeatable flag is a comma-separated list in its variable. */
function fromEnvironment(name: string, flag: Flag, environment: NodeJS.ProcessEnv): readonly string[] {
  const value = environment[environmentName(name)];
  if (value === undefined || value === "") {
    return [];
  }
  return flag.repeatable ? value.split(",").map((part) => part.trim()) : [value];
}

function readBoolean(name: string, value: string): boolean {
  if (/^(1|true|yes|on)$/i.test(value)) {
    return true;
  }
  if (/^(0|false|no|off)$/i.test(value)) {
    return false;
  }
  throw new BridgeError(
    "BRIDGE_INVALID_OPTION",
    `${environmentName(name)} is ${JSON.stringify(value)}; it takes 1 or 0`,
  );
}

/**
 * A flag on the command line takes precedence over its variable.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION`, with a message of one line
 */
export function parseFlags(flags: Flags, args: readonly string[], environment: NodeJS.ProcessEnv): ParsedFlags {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { type, repeatable, short }]) => [
      name,
      { type, multiple: repeatable === true, ...(short === undefined ? {} : { short }) },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    // On one line, and without Node's advice on how to pass a flag as a positional argument.
    const [message = ""] = (cause as Error).message.replaceAll(/\s*\n/g, " ").split(". To specify a positional");
    const hint = /'-\d/.test(message) ? "; a negative number goes after --" : "";
    throw new BridgeError("BRIDGE_INVALID_OPTION", message + hint, { cause });
  }
  const strings = (name: string): readonly string[] => {
    const given = parsed.values[name];
    return given === undefined
      ? fromEnvironment(name, flags[name] as Flag, environment)
      : ([given].flat() as readonly string[]);
  };
  return {
    positionals: parsed.positionals,
    string: (name) => strings(name)[0],
    strings,
    boolean: (name) => {
      const [value] = strings(name) as readonly (string | boolean)[];
      return typeof value === "string" ? readBoolean(name, value) : value === true;
    },
  };
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      `--port is ${JSON.stringify(text)}; it takes a number from 0 to 65535`,
    );
  }
  return port;
}

/** Two columns: the flag with its value, and its help with its variable. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => ({
    left: `  ${flag.short === undefined ? "" : `-${flag.short}, `}--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    help: flag.repeatable ? `${flag.help} (repeatable)` : flag.help,
    variable: flag === HELP_FLAG ? [] : [environmentName(name)],
  }));
  const width = Math.max(...rows.map(({ left }) => left.length)) + 2;
  return rows
    .flatMap(({ left, help, variable }) => [
      left.padEnd(width) + help,
      ...variable.map((one) => `${" ".repeat(width)}[${one}]`),
    ])
    .join("\n");
}

/**
 * For a command that takes only flags.
 *
 * @param likely - the flag that a stray argument is probably meant for
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function rejectPositionals({ positionals: [unexpected] }: ParsedFlags, command: string, likely: string): void {
  if (unexpected !== undefined) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      `${command} takes no argument ${unexpected}; is it meant for --${likely}?`,
    );
  }
}
