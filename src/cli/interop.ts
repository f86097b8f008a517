import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { PeerKind } from "../../interop/fleet/python-peer.js";
import type { Report } from "../../interop/report/report.js";
import { KINDS } from "../../interop/scenarios/scenario.js";
import { optionalPackage } from "../bus/optional-package.js";
import { BridgeError } from "../errors.js";
import { describeFlags, type Flags, parseFlags, refuseArguments } from "./flags.js";
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
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

type Format = "junit" | "json" | "html";

function parseKinds(names: readonly string[]): readonly PeerKind[] {
  const unknown = names.find((name) => !KINDS.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new BridgeError(
      "INVALID_OPTION",
      `--kind is ${JSON.stringify(unknown)}; it takes one of ${KINDS.join(", ")}`,
    );
  }
  return names.length === 0 ? KINDS : KINDS.filter((kind) => names.includes(kind));
}

/** Finds out before the run, rather than after it, that a report cannot be written. */
function prepareFile(flag: Format, file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
  } catch (cause) {
    throw new BridgeError("INVALID_OPTION", `--${flag} ${file} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function formatReport(format: Format, report: Report): Promise<string> {
  switch (format) {
    case "junit":
      return (await import("../../interop/report/junit.js")).toJunit(report);
    case "html":
      return (await import("../../interop/report/html.js")).toHtml(report);
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    default:
      return format satisfies never;
  }
}

/**
 * @throws BridgeError `INVALID_OPTION`, `INVALID_URL` for the command line; `MISSING_PACKAGE`, `BROKER_UNAVAILABLE` for
 * what is not there
 */
export async function runInteropCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const flags = parseFlags(FLAGS, args, environment);
  if (flags.boolean("help")) {
    process.stdout.write(HELP);
    return;
  }
  refuseArguments(flags, "interop", "queue");
  const formats: readonly Format[] = ["junit", "json", "html"];
  const files = formats.flatMap((format) => {
    const file = flags.string(format);
    return file === undefined ? [] : [{ format, file }];
  });
  for (const { format, file } of files) {
    prepareFile(format, file);
  }
  const kinds = parseKinds(flags.strings("kind"));
  optionalPackage("socket.io-client", "interop");
  for (const [signal, number] of SIGNALS) {
    // What is to be gone after the run is removed at the exit; the Python programs end with their input.
    process.once(signal, () => process.exit(128 + number));
  }
  // Only here: the rest of the command line does without the clients that this needs.
  const { runKit } = await import("../../interop/command.js");
  const report = await runKit({
    queue: flags.string("queue") ?? "redis://localhost:6379",
    channel: flags.string("channel"),
    python: flags.string("python") ?? "python3",
    requirements: flags.string("requirements"),
    kinds,
    screen: process.stdout,
  });
  for (const { format, file } of files) {
    writeFileSync(file, await formatReport(format, report));
    process.stdout.write(`  ${format.padEnd(5)} ${file}\n`);
  }
  process.exitCode = report.ok ? 0 : 1;
}
