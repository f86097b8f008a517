import { writeFileSync } from "node:fs";
import { mergeApplications } from "../edge/application.js";
import { describeBackends } from "../edge/describe-backends.js";
import { BridgeError } from "../errors.js";
import { type HandlersReport, handlersReport } from "../server/handlers-report.js";
import { inspectApp } from "../server/inspect-app.js";
import { loadApp } from "../server/load-app.js";
import { printable } from "../util/printable.js";
import { bold } from "../util/terminal-style.js";
import { askEdge } from "./ask-edge.js";
import type { Command } from "./command.js";
import { type Flags, type ParsedFlags, rejectPositionals } from "./flags.js";
import { handlersTable } from "./handlers-table.js";
import { secretOf, WORKER_FLAGS, workersOf } from "./worker-flags.js";

const FLAGS: Flags = {
  edge: {
    type: "string",
    value: "URL",
    help: "where serve listens: asks it, and ignores --backend and --app. Needs SOCKETIO_BRIDGE_SECRET",
  },
  backend: {
    type: "string",
    value: "URL",
    repeatable: true,
    help: "workers of Python, which are asked what they handle. Needs SOCKETIO_BRIDGE_SECRET",
  },
  ...WORKER_FLAGS,
  app: { type: "string", value: "FILE", help: "the module that serve is given: what has moved to TypeScript" },
  namespace: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: "one that --app serves by a pattern or a function",
  },
  auth: { type: "string", value: "JSON", help: "what the client of --app sends as auth, if a middleware asks for it" },
  json: { type: "string", value: "FILE", help: "write the table as JSON, too" },
};

const USAGE = `${bold("socketio-python-bridge handlers")}: who serves each event behind the edge, TypeScript or Python?

  socketio-python-bridge handlers --edge http://127.0.0.1:3000
  socketio-python-bridge handlers --backend http://127.0.0.1:8000 --app ./handlers.mjs

The first asks a running edge, which looks at the clients that are connected to it; nothing of the application runs.
The second asks the workers which events they handle; no handler of Python runs. It loads the module of --app into a
server that nobody else can reach, and connects one client to each namespace, since handlers belong to the socket of a
client: the module, its middleware and its connection listeners run.`;

const NOTES = `Exits with 0 when the table is complete, 1 when the edge or a worker does not answer or handlers in TypeScript could not
be seen (a middleware refuses the client, for instance), 2 when the command line is wrong.`;

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function parseAuth(text: string | undefined): unknown {
  if (text === undefined) {
    return undefined;
  }
  try {
    const auth: unknown = JSON.parse(text);
    if (typeof auth === "object" && auth !== null) {
      return auth;
    }
  } catch {
    // The text may be a secret.
  }
  throw new BridgeError("BRIDGE_INVALID_OPTION", `--auth takes an object as JSON, as in '{"token": "…"}'`);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function writeJson(path: string, content: unknown): void {
  try {
    writeFileSync(path, `${printable(JSON.stringify(content, null, 2))}\n`);
  } catch (cause) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--json ${path} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION`, `BRIDGE_INVALID_URL` for the command line, `BRIDGE_BACKEND_FAILED` */
async function compare(flags: ParsedFlags): Promise<HandlersReport> {
  const [path, hasBackend] = [flags.string("app"), flags.strings("backend").length > 0];
  if (path === undefined && !hasBackend) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "handlers needs --edge, --backend, --app, or the last two to compare",
    );
  }
  const auth = parseAuth(flags.string("auth"));
  const app = path === undefined ? undefined : await loadApp(path);
  const applications = hasBackend ? await describeBackends(workersOf(flags, process.env.SOCKETIO_BRIDGE_SECRET)) : [];
  const served = [...mergeApplications(applications).keys()].filter((name) => name !== "*");
  const namespaces = flags.strings("namespace");
  const inspection = app === undefined ? undefined : await inspectApp(app, { served, namespaces, auth });
  return handlersReport(inspection, applications);
}

/** @throws BridgeError as `compare` and `askEdge` do */
async function printHandlers(flags: ParsedFlags): Promise<void> {
  rejectPositionals(flags, "handlers", "app");
  const edge = flags.string("edge");
  const report =
    edge === undefined
      ? await compare(flags)
      : await askEdge(edge, secretOf(flags, process.env.SOCKETIO_BRIDGE_SECRET, "--edge"));
  const { namespaces, notes } = report;
  const json = flags.string("json");
  if (json !== undefined) {
    writeJson(json, report);
  }
  const exitCode = notes.some(({ isIncomplete }) => isIncomplete) ? 1 : 0;
  // The application may have opened what nobody closes.
  process.stdout.write(`${handlersTable(namespaces, notes)}\n`, () => process.exit(exitCode));
}

export const HANDLERS: Command = { flags: FLAGS, usage: USAGE, notes: NOTES, run: printHandlers };
