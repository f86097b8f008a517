import type { FailedStart, Report } from "../../interop/report/report.js";
import { KINDS } from "../../interop/scenarios/scenario.js";
import { BridgeError } from "../errors.js";
import type { PeerKind } from "../testing/python-peer.js";
import { optionalPackage } from "../util/optional-package.js";
import { describeFlags, type Flags, type ParsedFlags, parseFlags, refuseArguments } from "./flags.js";
import { findReportFiles, type ReportFile, writeReports } from "./report-files.js";
import { bold } from "./style.js";

const FLAGS: Flags = {
  queue: {
    type: "string",
    value: "URL",
    help: "your broker: redis://, amqp://, kafka://, kombu+redis://, ... Default: redis://localhost:6379",
  },
  channel: { type: "string", value: "NAME", help: "channel to use. Default: a new one, which no live fleet reads" },
  python: { type: "string", value: "PATH", help: "interpreter that has your python-socketio. Default: python3" },
  requirements: {
    type: "string",
    value: "FILE",
    help: "what pip installs into a virtual environment for this run; --python makes it",
  },
  kind: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: "threaded, flask, asgi, write-only or celery. Default: all that is installed",
  },
  junit: { type: "string", value: "FILE", help: "write a JUnit report, for a CI system" },
  json: { type: "string", value: "FILE", help: "write everything as JSON" },
  html: { type: "string", value: "FILE", help: "write a page that needs nothing else" },
  help: { type: "boolean", short: "h", help: "show this" },
};

const HELP = `${bold("socketio-python-bridge interop")}: does your python-socketio work with Node, on your broker?

  socketio-python-bridge interop --queue redis://localhost:6379
  socketio-python-bridge interop --python .venv/bin/python --junit interop.xml --html interop.html
  socketio-python-bridge interop --requirements requirements.txt

It starts Python servers, emitters and Node servers of its own, lets them talk over your broker, and compares what
their clients receive. It needs socket.io and socket.io-client, and in Python python-socketio and the client of your
broker; where uvicorn, Flask-SocketIO, celery or aiohttp are missing, it says what it could not try.

${describeFlags(FLAGS)}

Each flag is also the environment variable under it; a repeatable one is a comma list there.
Exits with 0 when everything works that this release of python-socketio can do, 1 when it does not, or when something
is missing, 2 when the command line is wrong.
`;

const SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/** A signal came. */
class Interrupted extends Error {
  /** As a shell has it. */
  readonly exitCode: number;

  constructor(number: number) {
    super("interrupted");
    this.exitCode = 128 + number;
  }
}

/** Aborted by the first signal. Those that follow, as npx sends them, change nothing. */
function interruptedBySignal(): AbortSignal {
  const controller = new AbortController();
  for (const [signal, number] of SIGNALS) {
    process.on(signal, () => controller.abort(new Interrupted(number)));
  }
  return controller.signal;
}

function parseKinds(names: readonly string[]): readonly PeerKind[] {
  const unknown = names.find((name) => !KINDS.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      `--kind is ${JSON.stringify(unknown)}; it takes one of ${KINDS.join(", ")}`,
    );
  }
  return names.length === 0 ? KINDS : KINDS.filter((kind) => names.includes(kind));
}

/** A variable of a CI system that is not set, say: no flag means anything then. */
function refuseEmpty(flags: ParsedFlags): void {
  const empty = Object.keys(FLAGS).find((name) => flags.strings(name).includes(""));
  if (empty !== undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--${empty} is empty; is the variable set?`);
  }
}

async function run(flags: ParsedFlags, queue: string, signal: AbortSignal): Promise<Report> {
  const kinds = parseKinds(flags.strings("kind"));
  optionalPackage("socket.io-client", "interop");
  // Only here: the rest of the command line does without the clients that this needs.
  const { runKit } = await import("../../interop/run-kit.js");
  return runKit({
    queue,
    channel: flags.string("channel"),
    python: flags.string("python") ?? "python3",
    requirements: flags.string("requirements"),
    kinds,
    screen: process.stdout,
    signal,
  });
}

/** A CI system that collects reports shows the reason, not the absence of a file. */
async function reportFailedStart(files: readonly ReportFile[], queue: string, error: unknown): Promise<void> {
  const { redactor } = await import("../../interop/report/redact.js");
  const redact = redactor(queue);
  const startedAt = new Date().toISOString();
  const failure: FailedStart = { ok: false, startedAt, queue: redact(queue), error: redact((error as Error).message) };
  await writeReports(files, failure);
}

/**
 * @throws BridgeError `BRIDGE_INVALID_OPTION`, `BRIDGE_INVALID_URL` for the command line; `BRIDGE_MISSING_PACKAGE`, `BRIDGE_BROKER_UNAVAILABLE` for
 * what is not there
 */
export async function runInteropCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const flags = parseFlags(FLAGS, args, environment);
  if (flags.boolean("help")) {
    process.stdout.write(HELP);
    return;
  }
  refuseArguments(flags, "interop", "queue");
  refuseEmpty(flags);
  const files = findReportFiles((format) => flags.string(format));
  const queue = flags.string("queue") ?? "redis://localhost:6379";
  let report: Report;
  try {
    report = await run(flags, queue, interruptedBySignal());
  } catch (error) {
    if (error instanceof Interrupted) {
      process.exit(error.exitCode);
    }
    await reportFailedStart(files, queue, error);
    throw error;
  }
  await writeReports(files, report);
  process.exitCode = report.ok ? 0 : 1;
}
