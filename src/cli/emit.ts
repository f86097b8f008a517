import { createEmitter } from "../emitter/create-emitter.js";
import { BridgeError } from "../errors.js";
import { normalizeDialect, normalizeEncoding } from "../options.js";
import { bold } from "../util/terminal-style.js";
import type { Command } from "./command.js";
import type { Flags, ParsedFlags } from "./flags.js";
import { CHANNEL_DEFAULT, DIALECT_FLAG, ENCODING_FLAG, QUEUE_DEFAULT } from "./shared-flags.js";

/** A person at a shell waits for an unreachable broker, but not as long as a server does. */
const BROKER_TIMEOUT_MS = 5_000;

const FLAGS: Flags = {
  queue: {
    type: "string",
    value: "URL",
    help: `redis://, amqp://, kafka://, zmq+tcp://, kombu+redis://, ... Default: ${QUEUE_DEFAULT}`,
  },
  channel: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: `channel of the fleet; of several, the first is written to. Default: ${CHANNEL_DEFAULT}`,
  },
  encoding: ENCODING_FLAG,
  dialect: DIALECT_FLAG,
  room: { type: "string", value: "ROOM", repeatable: true, help: "room or sid to emit to. Default: everyone" },
  namespace: { type: "string", value: "NAME", help: "namespace. Default: /" },
  "skip-sid": { type: "string", value: "SID", repeatable: true, help: "client that does not receive it" },
};

const USAGE = `${bold("socketio-python-bridge emit")} EVENT [JSON...]: a write-only emit from a shell

  socketio-python-bridge emit hello '{"from": "a shell"}' --room lobby
  socketio-python-bridge emit progress '"job 7"' 42 --queue redis://localhost:6379 --channel flask-socketio

Each argument after EVENT is one argument of the event, as JSON.`;

const NOTES =
  "Exits with 0 when the broker has accepted the message, 1 when it cannot be reached, 2 when the command line is wrong.";

function parseArgument(text: string, index: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const hint = `a string needs its own quotes, as in '${JSON.stringify(text)}'`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `argument ${index + 1} is not JSON: ${text}; ${hint}`, { cause });
  }
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` and `BRIDGE_INVALID_URL` for the command line, others for the broker */
async function emit(flags: ParsedFlags): Promise<void> {
  const [event, ...texts] = flags.positionals;
  if (event === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "emit needs the name of an event");
  }
  const channels = flags.strings("channel");
  const data = texts.map(parseArgument);
  const emitter = createEmitter(flags.string("queue") ?? QUEUE_DEFAULT, {
    ...(channels.length > 0 ? { channel: channels } : {}),
    encoding: normalizeEncoding(flags.string("encoding")),
    dialect: normalizeDialect(flags.string("dialect")),
    outage: { maxAge: BROKER_TIMEOUT_MS },
    logger: false,
  });
  let lastError = "";
  emitter.onStatus((status) => {
    lastError = status.type === "error" ? status.error.message : lastError;
  });
  try {
    await emitter
      .of(flags.string("namespace") ?? "/")
      .to(flags.strings("room"))
      .except(flags.strings("skip-sid"))
      .emit(event, ...data);
  } catch (cause) {
    if (cause instanceof BridgeError && cause.code === "BRIDGE_MESSAGE_DROPPED") {
      const seconds = BROKER_TIMEOUT_MS / 1_000;
      const message = `${lastError || "the broker did not answer"}; nothing was sent within ${seconds} s`;
      throw new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause });
    }
    throw cause;
  } finally {
    await emitter.close();
  }
}

export const EMIT: Command = { flags: FLAGS, usage: USAGE, notes: NOTES, run: emit };
