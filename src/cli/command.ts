import { describeFlags, type Flags, HELP_FLAG, type ParsedFlags, parseFlags } from "./flags.js";

/** A command of `socketio-python-bridge`. */
export interface Command {
  /** Without `--help`, which every command has. */
  readonly flags: Flags;
  /** What `--help` shows above the flags, and below them. */
  readonly usage: string;
  readonly notes: string;
  run(flags: ParsedFlags): Promise<void>;
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` and what the command throws */
export async function runCommand(
  { flags, usage, notes, run }: Command,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const all = { ...flags, help: HELP_FLAG };
  const parsed = parseFlags(all, args, environment);
  if (parsed.boolean("help")) {
    const variables =
      "Each flag is also the environment variable below it; a repeatable one is a comma-separated list there.";
    process.stdout.write(`${usage}\n\n${describeFlags(all)}\n\n${variables}\n${notes}\n`);
    return;
  }
  await run(parsed);
}
