import { fileURLToPath } from "node:url";
import { BridgeError } from "../src/errors.js";
import type { PeerKind } from "./fleet/python-peer.js";
import { localPython, Unavailable } from "./fleet/python-program.js";
import { OwnScope } from "./fleet/scope.js";
import { type Screen, StatusLine, showProgress } from "./report/progress.js";
import type { Report } from "./report/report.js";
import { toTerminal } from "./report/terminal.js";
import { runInterop } from "./run.js";
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
}

/**
 * Runs the kit, shows its progress and its table.
 *
 * @throws BridgeError `INVALID_OPTION` without the interpreter or the file, `MISSING_PACKAGE` without python-socketio,
 * and those of `runInterop`
 */
export async function runKit({ queue, channel, python, requirements, kinds, screen }: KitOptions): Promise<Report> {
  const scope = new OwnScope();
  try {
    const base = await requireInterpreter(python);
    const interpreter =
      requirements === undefined ? base : await makeEnvironment(scope, base, requirements, new StatusLine(screen));
    const report = await runInterop({
      python: localPython(interpreter, FIXTURES, "pipe"),
      queue,
      channel,
      kinds,
      onProgress: showProgress(screen),
    });
    screen.write(toTerminal(report));
    return report;
  } catch (error) {
    if (!(error instanceof Unavailable)) {
      throw error;
    }
    const hint = `${requirements === undefined ? `${python} -m pip install` : `add to ${requirements}:`} ${error.missing}`;
    throw new BridgeError("MISSING_PACKAGE", `${error.message}; ${hint}, or name another interpreter with --python`, {
      cause: error,
    });
  } finally {
    await scope.end();
  }
}
