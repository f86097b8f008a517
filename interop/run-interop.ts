import { BridgeError } from "../src/errors.js";
import type { Encoding } from "../src/index.js";
import { ownChannel } from "../src/testing/node-host.js";
import { Unavailable } from "../src/testing/program.js";
import type { Python } from "../src/testing/python.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import { cleanUp, ManualScope } from "../src/testing/scope.js";
import { waitTimeout } from "../src/testing/with-timeout.js";
import { redactUrl } from "../src/util/redact-url.js";
import { schemeOf } from "./broker-url.js";
import { ChannelTap } from "./channel-tap.js";
import type { Progress } from "./progress.js";
import { callFor, isBefore, optionsFor } from "./python-release.js";
import { mapTexts } from "./report/map-texts.js";
import { redactor } from "./report/redact.js";
import type { Report } from "./report/report.js";
import { runMatrix } from "./run-matrix.js";
import { scenariosWith } from "./scenarios/all.js";
import { KINDS } from "./scenarios/scenario.js";
import { nodeVersions, type PythonVersions, pythonVersions } from "./versions.js";

export interface InteropOptions {
  readonly python: Python;
  readonly queue: string;
  /** @default one that nobody else uses */
  readonly channel?: string | undefined;
  /** The columns of the matrix. @default all */
  readonly kinds?: readonly PeerKind[] | undefined;
  /** Of everything on the channel, from Node and from Python. @default "json" */
  readonly encoding?: Encoding | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a reader of the report has to do as well for the same result. */
const ENCODING_NOTES: Readonly<Record<Encoding, readonly string[]>> = {
  json: [],
  msgpack: ["Python peers use the managers of socketio_bridge.msgpack, as yours have to: see docs/msgpack.md."],
};

/** Before, a list is one argument in MessagePack of Python, and several in that of Node. */
const OLDEST_WITH_MSGPACK = "5.15.1";

/** Longest wait for any one thing. */
const WAIT_TIMEOUT_MS = 10_000;

/** An interpreter may have to be started in a container, beside many others. */
const START_TIMEOUT_MS = 30_000;

/** A person at a shell waits for an unreachable broker, but not as long as a server does. */
const BROKER_TIMEOUT_MS = 5_000;

/** How Redis rejects a login, or, with `NOPERM`, a command. */
const REJECTED_LOGIN = /\b(NOAUTH|WRONGPASS|NOPERM|invalid password)\b.*/i;

/** An error that waiting does not cure. */
function loginError(queue: string, cause: unknown): BridgeError | undefined {
  const [text, code] = REJECTED_LOGIN.exec(cause instanceof Error ? cause.message : "") ?? [];
  if (text === undefined) {
    return undefined;
  }
  const what = code === "NOPERM" ? "Redis denied this user a command" : "Redis refused the password";
  const remedy =
    code === "NOPERM"
      ? "the user must be allowed to subscribe and to publish"
      : "give it as redis://:PASSWORD@HOST, or with a user as redis://USER:PASSWORD@HOST; percent-encode special characters";
  return new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `${what}, ${redactUrl(queue)} (${text}): ${remedy}`, { cause });
}

/** @throws BridgeError `BRIDGE_BROKER_UNAVAILABLE` when the broker does not answer in time, or rejects the login */
async function openTap(scope: ManualScope, queue: string, channel: string): Promise<ChannelTap> {
  const tap = new ChannelTap(queue, channel);
  cleanUp(scope, () => tap.close());
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    let cause: unknown;
    tap.onStatus((status) => {
      if (status.type === "error") {
        cause = status.error;
        const rejected = loginError(queue, cause);
        if (rejected !== undefined) {
          reject(rejected);
        }
      }
    });
    timer = setTimeout(() => {
      const why = cause instanceof Error ? `: ${cause.message}` : "";
      const message = `${redactUrl(queue)} has not answered for ${BROKER_TIMEOUT_MS} ms${why}; is the broker running, and the URL right?`;
      reject(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause }));
    }, BROKER_TIMEOUT_MS);
  });
  try {
    await Promise.race([tap.ready(channel), failed]);
  } finally {
    clearTimeout(timer);
  }
  return tap;
}

/** @throws Unavailable when the interpreter lacks what the encoding needs */
function requireEncoding(versions: PythonVersions, encoding: Encoding): void {
  if (encoding === "json") {
    return;
  }
  const release = versions["python-socketio"];
  if (isBefore(release, OLDEST_WITH_MSGPACK)) {
    const reason = `MessagePack needs python-socketio ${OLDEST_WITH_MSGPACK} or later, and this is ${release}`;
    throw new Unavailable(`"python-socketio>=${OLDEST_WITH_MSGPACK}"`, reason);
  }
  if (versions.msgpack === undefined) {
    throw new Unavailable("msgpack", "msgpack is not installed");
  }
}

/**
 * Runs every scenario against the broker and the Python peers, and closes everything that it opened.
 *
 * @throws Unavailable when the interpreter lacks python-socketio, the broker's client library or what the encoding needs;
 * BridgeError
 * `BRIDGE_INVALID_URL`, `BRIDGE_MISSING_PACKAGE`, `BRIDGE_BROKER_UNAVAILABLE`
 */
export async function runInterop(options: InteropOptions): Promise<Report> {
  const { python, queue, channel = `interop-${ownChannel().slice(-12)}` } = options;
  const { kinds = KINDS, encoding = "json", onProgress = () => {} } = options;
  const scenarios = scenariosWith(encoding);
  const startedAt = new Date();
  const scope = new ManualScope();
  try {
    const [versions, tap] = await Promise.all([
      waitTimeout.run(START_TIMEOUT_MS, () => pythonVersions(python, schemeOf(queue))),
      openTap(scope, queue, channel),
    ]);
    const release = versions["python-socketio"];
    requireEncoding(versions, encoding);
    onProgress({ type: "detected", versions, queue: redactUrl(queue), channel, kinds });
    const { cells, notes } = await runMatrix({
      ...{ python, queue, channel, encoding, node: optionsFor(release, encoding) },
      ...{ tap, release, kinds, scenarios, timeout: WAIT_TIMEOUT_MS, onProgress },
    });
    const triedWith = callFor(release, encoding);
    const report: Report = {
      ok: cells.some(({ result }) => result === "pass") && cells.every(({ result }) => result !== "fail"),
      startedAt: startedAt.toISOString(),
      milliseconds: Date.now() - startedAt.getTime(),
      queue: redactUrl(queue),
      channel,
      encoding,
      release,
      ...(triedWith === undefined ? {} : { triedWith }),
      versions: { ...nodeVersions(), ...versions },
      notes: [...ENCODING_NOTES[encoding], ...notes],
      kinds,
      rows: scenarios.map(({ name, title, direction }) => ({ scenario: name, title, direction })),
      cells,
    };
    return mapTexts(report, redactor(queue));
  } finally {
    await scope.end();
  }
}
