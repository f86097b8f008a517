import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BridgeError } from "../src/errors.js";
import type { Encoding } from "../src/index.js";
import { Unavailable } from "../src/testing/program.js";
import { endingWith, localPython } from "../src/testing/python.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import { ManualScope, type Scope } from "../src/testing/scope.js";
import { LiveLines, type Screen } from "../src/util/live-lines.js";
import { requireQueue } from "./broker-url.js";
import type { Report } from "./report/report.js";
import { progressOn } from "./report/terminal-progress.js";
import { toTerminal } from "./report/terminal-report.js";
import { runInterop } from "./run-interop.js";
import { makeEnvironment, requireInterpreter } from "./virtual-environment.js";

/** In a checkout and in the package alike. */
const PACKAGE_JSON = createRequire(import.meta.url).resolve("socketio-python-bridge/package.json");
const FIXTURES = join(dirname(PACKAGE_JSON), "python-fixtures");

export interface KitOptions {
  readonly queue: string;
  readonly channel: string | undefined;
  /** Interpreter, as a path or as a name on the PATH. */
  readonly python: string;
  /** A file that pip installs first, into an environment that is removed after the run. */
  readonly requirements: string | undefined;
  /** The columns of the matrix. */
  readonly kinds: readonly PeerKind[];
  readonly encoding: Encoding;
  readonly screen: Screen;
  /** Interrupts the run. */
  readonly signal: AbortSignal;
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(signal.reason);
    signal.addEventListener("abort", interrupt, { once: true });
    if (signal.aborted) {
      interrupt();
    }
  });
}

async function run(scope: Scope, options: KitOptions): Promise<Report> {
  const { queue, channel, python, requirements, kinds, encoding, screen, signal } = options;
  const setting = { scope, signal };
  requireQueue(queue);
  const base = await requireInterpreter(setting, python);
  const interpreter =
    requirements === undefined ? base : await makeEnvironment(setting, base, requirements, new LiveLines(screen));
  const show = progressOn(screen);
  return runInterop({
    python: endingWith(scope, localPython(interpreter, FIXTURES, "pipe")),
    queue,
    channel,
    kinds,
    encoding,
    onProgress: (progress) => signal.aborted || show(progress),
  });
}

/**
 * Runs the kit, and shows its progress and its table. When this settles, all programs that it started have ended and its
 * virtual environment is removed.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION` without the interpreter or the file, `BRIDGE_MISSING_PACKAGE` without
 * python-socketio, and the errors of `runInterop`; the reason of the signal
 */
export async function runKit(options: KitOptions): Promise<Report> {
  const { python, requirements, screen, signal } = options;
  const scope = new ManualScope();
  try {
    const report = await Promise.race([run(scope, options), interruption(signal)]);
    screen.write(toTerminal(report));
    return report;
  } catch (cause) {
    if (!(cause instanceof Unavailable)) {
      throw cause;
    }
    const install = requirements === undefined ? `${python} -m pip install` : `add to ${requirements}:`;
    const message = `${cause.message}; ${install} ${cause.missing}, or name another interpreter with --python`;
    throw new BridgeError("BRIDGE_MISSING_PACKAGE", message, { cause });
  } finally {
    await scope.end();
  }
}
