import { BridgeError } from "../errors.js";
import { normalizeDialect, normalizeEncoding, normalizeLegacyPickle } from "../options.js";
import { type RunningServer, type ServeOptions, serve } from "../server/serve.js";
import { bold, dim, green } from "../util/terminal-style.js";
import type { Command } from "./command.js";
import { type Flags, type ParsedFlags, parsePort, rejectPositionals } from "./flags.js";
import { CHANNEL_DEFAULT, DIALECT_FLAG, ENCODING_FLAG } from "./shared-flags.js";
import { WORKER_FLAGS, workersOf } from "./worker-flags.js";

const FLAGS: Flags = {
  port: { type: "string", value: "N", help: "port to listen on; 0 picks a free one. Default: 3000" },
  host: { type: "string", value: "ADDRESS", help: "address to listen on. Default: 127.0.0.1, this machine only" },
  queue: {
    type: "string",
    value: "URL",
    help: "broker, as python-socketio spells it. Default: an embedded one in this process",
  },
  channel: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: `channel; of several, all are read and the first is written to. Default: ${CHANNEL_DEFAULT}`,
  },
  encoding: ENCODING_FLAG,
  "legacy-pickle": {
    type: "string",
    value: "MODE",
    help: "pickles of python-socketio before 5.14: refuse, or data-only to read the data. Default: refuse",
  },
  dialect: DIALECT_FLAG,
  cors: {
    type: "string",
    value: "ORIGIN",
    repeatable: true,
    help: "another origin whose pages may connect, or * for all. Default: the same origin only",
  },
  app: { type: "string", value: "FILE", help: "module whose default export is called with the Socket.IO Server" },
  backend: {
    type: "string",
    value: "URL",
    repeatable: true,
    help: "workers of Python, for what --app does not handle. Needs SOCKETIO_BRIDGE_SECRET",
  },
  ...WORKER_FLAGS,
  "trust-proxy": {
    type: "string",
    value: "IP",
    repeatable: true,
    help: "proxy, or its network, whose X-Forwarded-For is believed. Default: none",
  },
  demo: { type: "boolean", help: "serve the live page at /" },
};

const USAGE = `${bold("socketio-python-bridge serve")}: a Socket.IO server in a Python fleet

  socketio-python-bridge serve --queue redis://localhost:6379 --channel flask-socketio --app ./app.js
  socketio-python-bridge serve --demo`;

const NOTES = "SIGINT and SIGTERM disconnect the clients, send the messages that still wait, and exit with 0.";

function banner(server: RunningServer, channels: readonly string[], demo: boolean): string {
  const broker = server.isEmbedded ? `${server.queue} ${dim("embedded broker, for development only")}` : server.queue;
  return [
    "",
    `  ${green("ready")}     ${bold(server.url)}${demo ? ` ${dim("live page")}` : ""}`,
    `  queue     ${broker}`,
    `  channel   ${channels.join(", ")}`,
    "",
    `  ${dim(`In a Python shell (pip install ${server.pythonPackages}):`)}`,
    "",
    // Not indented, so that it can be pasted into a Python shell.
    server.snippet,
    "",
    "",
  ].join("\n");
}

/** Aborts at the first signal; the second one ends the process at once, whatever is still open. */
function firstSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      process.exit(130);
    }
    controller.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return controller.signal;
}

/** Shows the banner once the server is subscribed. Without its broker it serves its own clients meanwhile. */
async function showBanner(server: RunningServer, channels: readonly string[], demo: boolean): Promise<void> {
  await server.adapter.ready();
  process.stdout.write(banner(server, channels, demo));
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function edgeOptions(flags: ParsedFlags, variable: string | undefined): ServeOptions["edge"] {
  const backend = flags.strings("backend");
  if (backend.length === 0) {
    return undefined;
  }
  if (flags.string("queue") === undefined) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "--backend needs --queue: what the handlers emit comes over the message queue of the workers",
    );
  }
  return { ...workersOf(flags, variable), trustProxy: flags.strings("trust-proxy") };
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION`, `BRIDGE_INVALID_URL` */
async function serveUntilSignal(flags: ParsedFlags): Promise<void> {
  rejectPositionals(flags, "serve", "app");
  const cors = flags.strings("cors");
  const channels = flags.strings("channel");
  const options = {
    port: parsePort(flags.string("port") ?? "3000"),
    host: flags.string("host") ?? "127.0.0.1",
    queue: flags.string("queue"),
    channels: channels.length === 0 ? [CHANNEL_DEFAULT] : channels,
    encoding: normalizeEncoding(flags.string("encoding")),
    legacyPickle: normalizeLegacyPickle(flags.string("legacy-pickle")),
    dialect: normalizeDialect(flags.string("dialect")),
    cors: cors.includes("*") ? (true as const) : cors,
    app: flags.string("app"),
    demo: flags.boolean("demo"),
    edge: edgeOptions(flags, process.env.SOCKETIO_BRIDGE_SECRET),
    logger: console,
  };
  const signal = firstSignal();
  const signalled = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const server = await serve({ ...options, signal }).catch((error: unknown) => {
    if (signal.aborted) {
      return undefined;
    }
    throw error;
  });
  if (server === undefined) {
    console.info("closing");
    return;
  }
  try {
    console.info(`listening on ${server.url}, connecting to ${server.queue}`);
    await Promise.race([showBanner(server, options.channels, options.demo), signalled]);
    await signalled;
    console.info("closing");
  } finally {
    await server.close();
  }
}

export const SERVE: Command = { flags: FLAGS, usage: USAGE, notes: NOTES, run: serveUntilSignal };
