import { BridgeError } from "../src/errors.js";
import { ownChannel } from "../src/testing/node-host.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import type { Python } from "../src/testing/python-program.js";
import { cleanUp, ManualScope } from "../src/testing/scope.js";
import { waitTimeout } from "../src/testing/with-timeout.js";
import { redactUrl } from "../src/util/redact-url.js";
import { schemeOf } from "./broker-url.js";
import { Tap } from "./channel-tap.js";
import { nodeVersions } from "./node-versions.js";
import { callFor, optionsFor } from "./python-release.js";
import { changeTexts } from "./report/printable-text.js";
import { redactor } from "./report/redact.js";
import type { Cell, Report } from "./report/report.js";
import { runCells } from "./run-matrix.js";
import { SCENARIOS } from "./scenarios/all.js";
import { KINDS, type Scenario } from "./scenarios/scenario.js";
import { detectVersions, type Versions } from "./versions.js";

export interface InteropOptions {
  readonly python: Python;
  readonly queue: string;
  /** The same broker as Python's side reaches it. @default queue */
  readonly pythonQueue?: string | undefined;
  /** @default one that nobody else uses */
  readonly channel?: string | undefined;
  /** Of python-socketio. @default what the interpreter says */
  readonly release?: string | undefined;
  /** @default all */
  readonly kinds?: readonly PeerKind[] | undefined;
  /** @default all */
  readonly scenarios?: readonly Scenario[] | undefined;
  /** Longest that is waited for any one thing, in milliseconds. @default 10_000 */
  readonly patience?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a run tells while it runs. */
export type Progress =
  | {
      readonly type: "detected";
      readonly versions: Versions;
      /** Without its password. */
      readonly queue: string;
      readonly channel: string;
      readonly kinds: readonly PeerKind[];
    }
  | { readonly type: "starting"; readonly kind: PeerKind }
  | { readonly type: "cell"; readonly cell: Cell; readonly done: number; readonly total: number }
  | { readonly type: "finished"; readonly kind: PeerKind };

/** A shell waits for a broker that is away, but not as long as a server does. */
const BROKER_TIMEOUT_MS = 5_000;

/** What Redis says of a login that it does not take; of rights, `NOPERM`. */
const REFUSED_LOGIN = /\b(NOAUTH|WRONGPASS|NOPERM|invalid password)\b.*/i;

/** What waiting does not mend. */
function refusedLogin(queue: string, cause: unknown): BridgeError | undefined {
  const [words, code] = REFUSED_LOGIN.exec(cause instanceof Error ? cause.message : "") ?? [];
  if (words === undefined) {
    return undefined;
  }
  const what = code === "NOPERM" ? "Redis refused this user what it needs" : "Redis refused the password";
  const remedy =
    code === "NOPERM"
      ? "it has to be allowed to subscribe and to publish"
      : "give it as redis://:PASSWORD@HOST, or with a user as redis://USER:PASSWORD@HOST; percent-encode what is special in it";
  return new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `${what}, ${redactUrl(queue)} (${words}): ${remedy}`, { cause });
}

/** @throws BridgeError `BRIDGE_BROKER_UNAVAILABLE` when it does not answer in time, or does not take the login */
async function openTap(scope: ManualScope, queue: string, channel: string, time: number): Promise<Tap> {
  const tap = new Tap(queue, channel);
  cleanUp(scope, () => tap.close());
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_, reject) => {
    let cause: unknown;
    tap.onStatus((status) => {
      if (status.type === "error") {
        cause = status.error;
        const refused = refusedLogin(queue, cause);
        if (refused !== undefined) {
          reject(refused);
        }
      }
    });
    timer = setTimeout(() => {
      const why = cause instanceof Error ? `: ${cause.message}` : "";
      const message = `${redactUrl(queue)} has not answered for ${time} ms${why}; is the broker running, and the URL right?`;
      reject(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause }));
    }, time);
  });
  try {
    await Promise.race([tap.ready(channel), failed]);
  } finally {
    clearTimeout(timer);
  }
  return tap;
}

/**
 * Runs every scenario against the broker and the Python peers, and closes all that it opened.
 *
 * @throws Unavailable when the interpreter has no python-socketio, or not the broker's client library; BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_MISSING_PACKAGE`,
 * `BRIDGE_BROKER_UNAVAILABLE`
 */
export async function runInterop(options: InteropOptions): Promise<Report> {
  const { python, queue, channel = `interop-${ownChannel().slice(-12)}` } = options;
  const { kinds = KINDS, scenarios = SCENARIOS, onProgress = () => {} } = options;
  const time = options.patience ?? 10_000;
  const startedAt = new Date();
  const scope = new ManualScope();
  try {
    const [versions, tap] = await Promise.all([
      waitTimeout.run(time, () => detectVersions(python, schemeOf(queue))),
      openTap(scope, queue, channel, Math.min(time, BROKER_TIMEOUT_MS)),
    ]);
    onProgress({ type: "detected", versions, queue: redactUrl(queue), channel, kinds });
    const release = options.release ?? versions["python-socketio"];
    const fleet = { python, queue, pythonQueue: options.pythonQueue ?? queue, channel, node: optionsFor(release) };
    const { cells, notes } = await runCells({ ...fleet, tap, release, kinds, scenarios, patience: time, onProgress });
    const triedWith = callFor(release);
    const report: Report = {
      ok: cells.some(({ result }) => result === "pass") && cells.every(({ result }) => result !== "fail"),
      startedAt: startedAt.toISOString(),
      milliseconds: Date.now() - startedAt.getTime(),
      queue: redactUrl(queue),
      channel,
      release,
      ...(triedWith === undefined ? {} : { triedWith }),
      versions: { ...nodeVersions(), ...versions },
      notes,
      kinds,
      rows: scenarios.map(({ name, title, direction }) => ({ scenario: name, title, direction })),
      cells,
    };
    return changeTexts(report, redactor(queue));
  } finally {
    await scope.end();
  }
}
