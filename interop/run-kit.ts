import { fileURLToPath } from "node:url";
import { BridgeError } from "../src/errors.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import { endingWith, localPython, Unavailable } from "../src/testing/python-program.js";
import { ManualScope, type Scope } from "../src/testing/scope.js";
import { requireQueue } from "./broker-url.js";
import type { Report } from "./report/report.js";
import { type Screen, StatusLine, showProgress } from "./report/terminal-progress.js";
import { toTerminal } from "./report/terminal-report.js";
import { runInterop } from "./run-interop.js";
import { makeEnvironment, requireInterpreter } from "./virtual-environment.js";

/** Beside the compiled code, in a checkout and in the package alike. */
const FIXTURES = fileURLToPath(new URL("../../python-fixtures", import.meta.url));

export interface KitOptions {
  readonly queue: string;
  readonly channel: string | undefined;
  /** Interpreter, by its path or by its name on the PATH. */
  readonly python: string;
  /** What pip is to install first, into an environment that is gone after the run. */
  readonly requirements: string | undefined;
  /** The columns. */
  readonly kinds: readonly PeerKind[];
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
  const { queue, channel, python, requirements, kinds, screen, signal } = options;
  const setting = { scope, signal };
  requireQueue(queue);
  const base = await requireInterpreter(setting, python);
  const interpreter =
    requirements === undefined ? base : await makeEnvironment(setting, base, requirements, new StatusLine(screen));
  const show = showProgress(screen);
  return runInterop({
    python: endingWith(scope, localPython(interpreter, FIXTURES, "pipe")),
    queue,
    channel,
    kinds,
    onProgress: (progress) => signal.aborted || show(progress),
  });
}

/**
 * Runs the kit, shows its progress and its table. When this ends, so have all programs that it started, and its virtual
 * environment is gone.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION` without the interpreter or the file, `BRIDGE_MISSING_PACKAGE` without python-socketio,
 * and those of `runInterop`; the reason of the signal
 */
export async function runKit(options: KitOptions): Promise<Report> {
  const { python, requirements, screen, signal } = options;
  const scope = new ManualScope();
  try {
    const report = await Promise.race([run(scope, options), interruption(signal)]);
    screen.write(toTerminal(report));
    return report;
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      throw error;
    }
    const hint = `${requirements === undefined ? `${python} -m pip install` : `add to ${requirements}:`} ${error.missing}`;
    throw new BridgeError(
      "BRIDGE_MISSING_PACKAGE",
      `${error.message}; ${hint}, or name another interpreter with --python`,
      {
        cause: error,
      },
    );
  } finally {
    await scope.end();
  }
}
