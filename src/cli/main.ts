#!/usr/bin/env node
import { createRequire } from "node:module";
import { BridgeError } from "../errors.js";
import { bold } from "../util/terminal-style.js";
import { type Command, runCommand } from "./command.js";
import { reportFailure } from "./report-failure.js";

const HELP = `${bold("socketio-python-bridge")}: Node Socket.IO servers in a python-socketio or Flask-SocketIO fleet

  serve     start a Socket.IO server that joins the fleet
  emit      emit one event to clients of the fleet
  handlers  print who serves each event behind the edge
  interop   check that your python-socketio and Node work together on your broker

  socketio-python-bridge COMMAND --help shows the flags of a command.
  --version shows the version.
`;

/** A command loads what it needs, which takes longer than to emit an event. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["serve", async () => (await import("./serve.js")).SERVE],
  ["emit", async () => (await import("./emit.js")).EMIT],
  ["handlers", async () => (await import("./handlers.js")).HANDLERS],
  ["interop", async () => (await import("./interop.js")).INTEROP],
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
  const load = COMMANDS.get(name);
  if (load === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `there is no command ${JSON.stringify(name)}`);
  }
  await runCommand(await load(), args, process.env);
}

const [name, ...args] = process.argv.slice(2);
try {
  await run(name, args);
} catch (error) {
  reportFailure(error);
}
