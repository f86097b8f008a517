#!/usr/bin/env node
import { createRequire } from "node:module";
import { BridgeError, type BridgeErrorCode } from "../errors.js";
import { printable } from "../util/printable.js";
import { bold } from "../util/terminal-style.js";
import { type Command, runCommand } from "./command.js";
import { EMIT } from "./emit.js";
import { HANDLERS } from "./handlers.js";
import { INTEROP } from "./interop.js";
import { SERVE } from "./serve.js";

const HELP = `${bold("socketio-python-bridge")}: Node Socket.IO servers in a python-socketio or Flask-SocketIO fleet

  serve     start a Socket.IO server that joins the fleet
  emit      emit one event to clients of the fleet
  handlers  print who serves each event behind the edge
  interop   check that your python-socketio and Node work together on your broker

  socketio-python-bridge COMMAND --help shows the flags of a command.
  --version shows the version.
`;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["serve", SERVE],
  ["emit", EMIT],
  ["handlers", HANDLERS],
  ["interop", INTEROP],
]);

function version(): string {
  const require = createRequire(import.meta.url);
  return (require("socketio-python-bridge/package.json") as { version: string }).version;
}

async function run(name: string | undefined, args: readonly string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return;
  }
  if (name === "--version") {
    process.stdout.write(`${version()}\n`);
    return;
  }
  const command = COMMANDS.get(name);
  if (command === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `there is no command ${JSON.stringify(name)}`);
  }
  await runCommand(command, args, process.env);
}

const USAGE_ERRORS: readonly BridgeErrorCode[] = [
  "BRIDGE_INVALID_OPTION",
  "BRIDGE_INVALID_URL",
  "BRIDGE_INVALID_ARGUMENT",
];

/** 2 when the command line is wrong, 1 when the command fails. */
function exitCode(error: unknown): number {
  return error instanceof BridgeError && USAGE_ERRORS.includes(error.code) ? 2 : 1;
}

const [name, ...args] = process.argv.slice(2);
try {
  await run(name, args);
} catch (error) {
  process.exitCode = exitCode(error);
  const hint = process.exitCode === 2 ? "; --help shows what there is" : "";
  process.stderr.write(`socketio-python-bridge: ${printable((error as Error).message)}${hint}\n`);
}
