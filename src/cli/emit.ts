import { createEmitter } from "../emitter/create-emitter.js";
import { BridgeError } from "../errors.js";
import { normalizeDialect, normalizeEncoding } from "../options.js";
import { describeFlags, type Flags, parseFlags } from "./flags.js";
import { bold } from "./style.js";

/** A shell waits for a broker that is away, but not as long as a server does. */
const BROKER_TIMEOUT_MS = 5_000;

const FLAGS: Flags = {
  queue: {
    type: "string",
    value: "URL",
    help: "redis://, amqp://, kafka://, kombu+redis://, ... Default: redis://localhost:6379",
  },
  channel: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: "channel of the fleet; of several, the first is written. Default: socketio",
  },
  encoding: { type: "string", value: "NAME", help: "how messages are written: json or msgpack. Default: json" },
  dialect: {
    type: "string",
    value: "RELEASE",
    help: "what Python hosts run: 5.15, 5.14 (5.14.2 or later), 5.13 (5.3 or later), 5.2. Default: 5.15",
  },
  room: { type: "string", value: "ROOM", repeatable: true, help: "room or sid to emit to. Default: everyone" },
  namespace: { type: "string", value: "NAME", help: "namespace. Default: /" },
  "skip-sid": { type: "string", value: "SID", repeatable: true, help: "client that does not get it" },
  help: { type: "boolean", short: "h", help: "show this" },
};

const HELP = `${bold("socketio-python-bridge emit")} EVENT [JSON...]: a write-only emit from a shell

  socketio-python-bridge emit hello '{"from": "a shell"}' --room lobby
  socketio-python-bridge emit progress '"job 7"' 42 --queue redis://localhost:6379 --channel flask-socketio

Each argument after the event is one argument of the event, as JSON; without any, the event has none.

${describeFlags(FLAGS)}

Each flag is also the environment variable under it; a repeatable one is a comma list there.
Exits with 0 when the broker has taken the message, 1 when it could not be had, 2 when the command line is wrong.
`;

function parseArgument(text: string, index: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const hint = `a string needs its own quotes, as in '${JSON.stringify(text)}'`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `argument ${index + 1} is not JSON: ${text}; ${hint}`, { cause });
  }
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` and `BRIDGE_INVALID_URL` for the command line, others when the broker is not to be had */
export async function runEmit(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const flags = parseFlags(FLAGS, args, environment);
  if (flags.boolean("help")) {
    process.stdout.write(HELP);
    return;
  }
  const [event, ...texts] = flags.positionals;
  if (event === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "emit needs the name of an event");
  }
  const channels = flags.strings("channel");
  const data = texts.map(parseArgument);
  const emitter = createEmitter(flags.string("queue") ?? "redis://localhost:6379", {
    ...(channels.length > 0 ? { channel: channels } : {}),
    encoding: normalizeEncoding(flags.string("encoding")),
    dialect: normalizeDialect(flags.string("dialect")),
    outage: { maxAge: BROKER_TIMEOUT_MS },
    logger: false,
  });
  let trouble = "";
  emitter.onStatus((status) => {
    trouble = status.type === "error" ? status.error.message : trouble;
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
      throw new BridgeError(
        "BRIDGE_BROKER_UNAVAILABLE",
        `${trouble || "the broker did not answer"}; nothing was sent within ${seconds} s`,
        { cause },
      );
    }
    throw cause;
  } finally {
    await emitter.close();
  }
}
