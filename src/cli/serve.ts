import { normalizeDialect, normalizeEncoding, normalizeLegacyPickle } from "../options.js";
import { type RunningServer, serve } from "../server/serve.js";
import { describeFlags, type Flags, parseFlags, parsePort, refuseArguments } from "./flags.js";
import { bold, dim, green } from "./style.js";

const FLAGS: Flags = {
  port: { type: "string", value: "N", help: "port to listen on; 0 takes any free one. Default: 3000" },
  host: { type: "string", value: "ADDRESS", help: "address to listen on. Default: 127.0.0.1, this machine only" },
  queue: {
    type: "string",
    value: "URL",
    help: "broker, as python-socketio spells it. Default: one opened in this process",
  },
  channel: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: "channel; of several, all are read and the first is written. Default: socketio",
  },
  encoding: { type: "string", value: "NAME", help: "how messages are written: json or msgpack. Default: json" },
  "legacy-pickle": {
    type: "string",
    value: "MODE",
    help: "pickles of python-socketio before 5.14: refuse, or data-only to read the data. Default: refuse",
  },
  dialect: {
    type: "string",
    value: "RELEASE",
    help: "what Python hosts run: 5.15, 5.14 (5.14.2 or later), 5.13 (5.3 or later), 5.2. Default: 5.15",
  },
  cors: {
    type: "string",
    value: "ORIGIN",
    repeatable: true,
    help: "another origin whose pages may connect, or * for all. Default: the same origin only",
  },
  app: { type: "string", value: "FILE", help: "module whose default export gets the Socket.IO Server" },
  demo: { type: "boolean", help: "serve the live page at /" },
  help: { type: "boolean", short: "h", help: "show this" },
};

const HELP = `${bold("socketio-python-bridge serve")}: a Socket.IO server in a Python fleet

  socketio-python-bridge serve --queue redis://localhost:6379 --channel flask-socketio --app ./app.js
  socketio-python-bridge serve --demo

${describeFlags(FLAGS)}

Each flag is also the environment variable under it; a repeatable one is a comma list there.
SIGINT and SIGTERM disconnect the clients, send what still waits, and exit with 0.
`;

function banner(server: RunningServer, channels: readonly string[], demo: boolean): string {
  const broker = server.isEmbedded ? `${server.queue} ${dim("embedded broker, for development only")}` : server.queue;
  return [
    "",
    `  ${green("ready")}     ${bold(server.url)}${demo ? ` ${dim("the live page")}` : ""}`,
    `  queue     ${broker}`,
    `  channel   ${channels.join(", ")}`,
    "",
    `  ${dim(`In a Python shell (pip install ${server.pythonPackages}):`)}`,
    "",
    // Without indentation, which Python would take for its own.
    server.snippet,
    "",
    "",
  ].join("\n");
}

/** Resolves at the first signal; the second ends the process at once, whatever still hangs. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (): void => {
      signals += 1;
      if (signals > 1) {
        process.exit(130);
      }
      resolve();
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION`, `BRIDGE_INVALID_URL` */
export async function runServe(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const flags = parseFlags(FLAGS, args, environment);
  if (flags.boolean("help")) {
    process.stdout.write(HELP);
    return;
  }
  refuseArguments(flags, "serve", "app");
  const cors = flags.strings("cors");
  const channels = flags.strings("channel");
  const options = {
    port: parsePort(flags.string("port") ?? "3000"),
    host: flags.string("host") ?? "127.0.0.1",
    queue: flags.string("queue"),
    channels: channels.length === 0 ? ["socketio"] : channels,
    encoding: normalizeEncoding(flags.string("encoding")),
    legacyPickle: normalizeLegacyPickle(flags.string("legacy-pickle")),
    dialect: normalizeDialect(flags.string("dialect")),
    cors: cors.includes("*") ? (true as const) : cors,
    app: flags.string("app"),
    demo: flags.boolean("demo"),
    logger: console,
  };
  const signalled = untilSignal();
  const server = await serve(options);
  try {
    console.info(`listening on ${server.url}, connecting to ${server.queue}`);
    await Promise.race([welcome(server, options.channels, options.demo), signalled]);
    await signalled;
    console.info("closing");
  } finally {
    await server.close();
  }
}

/** The banner comes when the fleet hears this server; without its broker it serves its own clients meanwhile. */
async function welcome(server: RunningServer, channels: readonly string[], demo: boolean): Promise<void> {
  await server.adapter.ready();
  process.stdout.write(banner(server, channels, demo));
}
