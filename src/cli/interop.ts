import type { FailedStart, Report } from "../../interop/report/report.js";
import { KINDS } from "../../interop/scenarios/scenario.js";
import { BridgeError } from "../errors.js";
import { normalizeEncoding } from "../options.js";
import type { PeerKind } from "../testing/python-peer.js";
import { optionalPackage } from "../util/optional-package.js";
import { bold } from "../util/terminal-style.js";
import type { Command } from "./command.js";
import { type Flags, type ParsedFlags, rejectPositionals } from "./flags.js";
import { findReportFiles, type ReportFile, writeReports } from "./report-files.js";
import { QUEUE_DEFAULT } from "./shared-flags.js";

const FLAGS: Flags = {
  queue: {
    type: "string",
    value: "URL",
    help: `your broker: redis://, amqp://, kafka://, zmq+tcp://, kombu+redis://, ... Default: ${QUEUE_DEFAULT}`,
  },
  channel: { type: "string", value: "NAME", help: "channel to use. Default: a new one, which no live fleet reads" },
  python: { type: "string", value: "PATH", help: "interpreter that has your python-socketio. Default: python3" },
  requirements: {
    type: "string",
    value: "FILE",
    help: "install this file with pip into a virtual environment for this run, made by --python",
  },
  kind: {
    type: "string",
    value: "NAME",
    repeatable: true,
    help: `${KINDS.join(", ")}. Default: everything that is installed`,
  },
  encoding: {
    type: "string",
    value: "NAME",
    help: "of the whole fleet: json, or msgpack with the managers of socketio_bridge.msgpack in Python. Default: json",
  },
  junit: { type: "string", value: "FILE", help: "write a JUnit report for a CI system" },
  json: { type: "string", value: "FILE", help: "write everything as JSON" },
  html: { type: "string", value: "FILE", help: "write a self-contained HTML page" },
};

const USAGE = `${bold("socketio-python-bridge interop")}: does your python-socketio work with Node, on your broker?

  socketio-python-bridge interop --queue redis://localhost:6379
  socketio-python-bridge interop --python .venv/bin/python --junit interop.xml --html interop.html
  socketio-python-bridge interop --requirements requirements.txt

Starts Python servers, Python emitters and Node servers of its own, lets them exchange events over your broker, and
compares what their clients receive. Needs socket.io and socket.io-client, and in Python python-socketio and the client
library of your broker. Without uvicorn, Flask-SocketIO, celery or aiohttp, it says what it could not try.`;

const NOTES = `Exits with 0 when everything works that this release of python-socketio can do, 1 when something does not, or is
missing, 2 when the command line is wrong.`;

const SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/** The reason of a run that a signal has ended. */
class Interrupted extends Error {
  /** By the convention of shells. */
  readonly exitCode: number;

  constructor(signalNumber: number) {
    super("interrupted");
    this.exitCode = 128 + signalNumber;
  }
}

/** Aborted by the first signal. Further signals, as npx sends them, change nothing. */
function abortedBySignal(): AbortSignal {
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

/** An empty value is most likely a variable of a CI system that is not set: no flag here has a use for it. */
function rejectEmptyValues(flags: ParsedFlags): void {
  const empty = Object.keys(FLAGS).find((name) => flags.strings(name).includes(""));
  if (empty !== undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--${empty} is empty; is the variable set?`);
  }
}

async function run(flags: ParsedFlags, queue: string, signal: AbortSignal): Promise<Report> {
  const kinds = parseKinds(flags.strings("kind"));
  const encoding = normalizeEncoding(flags.string("encoding"));
  optionalPackage("socket.io-client", "interop");
  // Loaded only now: the other commands must work without the packages that this imports.
  const { runKit } = await import("../../interop/run-kit.js");
  return runKit({
    queue,
    channel: flags.string("channel"),
    python: flags.string("python") ?? "python3",
    requirements: flags.string("requirements"),
    kinds,
    encoding,
    screen: process.stdout,
    signal,
  });
}

/** A CI system that collects reports then shows the reason instead of a missing file. */
async function reportFailedStart(files: readonly ReportFile[], queue: string, error: unknown): Promise<void> {
  const { redactor } = await import("../../interop/report/redact.js");
  const redact = redactor(queue);
  const startedAt = new Date().toISOString();
  const failure: FailedStart = { ok: false, startedAt, queue: redact(queue), error: redact((error as Error).message) };
  await writeReports(files, failure);
}

/**
 * @throws BridgeError `BRIDGE_INVALID_OPTION`, `BRIDGE_INVALID_URL` for the command line; `BRIDGE_MISSING_PACKAGE`,
 * `BRIDGE_BROKER_UNAVAILABLE` for what is missing
 */
async function interop(flags: ParsedFlags): Promise<void> {
  rejectPositionals(flags, "interop", "queue");
  rejectEmptyValues(flags);
  const files = findReportFiles((format) => flags.string(format));
  const queue = flags.string("queue") ?? QUEUE_DEFAULT;
  let report: Report;
  try {
    report = await run(flags, queue, abortedBySignal());
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

export const INTEROP: Command = { flags: FLAGS, usage: USAGE, notes: NOTES, run: interop };
