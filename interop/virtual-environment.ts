import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { BridgeError } from "../src/errors.js";
import { spawnGroup } from "../src/testing/child-process.js";
import { cleanUp, type Scope } from "../src/testing/scope.js";
import type { LiveLines } from "../src/util/live-lines.js";

/** Lines of a failed program's output that are shown. */
const MAX_LINES = 20;

/** The interpreter of a virtual environment, relative to its directory. */
const INTERPRETER = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"];

/** Programs started here end with the scope; none is started after the signal. */
export interface Setting {
  readonly scope: Scope;
  readonly signal: AbortSignal;
  /** On top of the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

interface Ended {
  readonly code: number | null;
  /** The last lines of its output. */
  readonly lines: readonly string[];
}

/** Runs a program to its end. @throws Error when it cannot be started; the reason of the signal */
async function run(
  { scope, signal, env = {} }: Setting,
  command: string,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<Ended> {
  signal.throwIfAborted();
  const child = spawnGroup(scope, command, args, env);
  child.stdin.end();
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as Readable }).on("line", (line) => {
      lines.push(line);
      if (lines.length > MAX_LINES) {
        lines.shift();
      }
      onLine(line);
    });
  }
  const code = await child.exited;
  signal.throwIfAborted();
  return { code, lines };
}

/** What `print` of Python makes of a boolean. */
const ANSWERS = ["True", "False"];

/**
 * @param python - a path, or a name on the PATH
 * @returns a command that works in any directory
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export async function requireInterpreter(setting: Setting, python: string): Promise<string> {
  const isPath = python.includes("/") || python.includes("\\");
  const interpreter = isPath ? resolve(python) : python;
  const hint = "name one with --python";
  if (isPath && statSync(interpreter, { throwIfNoEntry: false })?.isDirectory()) {
    const inside = join(python, ...INTERPRETER);
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--python ${python} is a directory; did you mean ${inside}?`);
  }
  let ended: Ended;
  try {
    ended = await run(setting, interpreter, ["-c", "import sys; print(sys.version_info >= (3, 8))"]);
  } catch (cause) {
    setting.signal.throwIfAborted();
    const where = isPath ? "" : ` on the PATH (${process.env.PATH?.split(delimiter).length ?? 0} directories)`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `there is no Python interpreter ${python}${where}: ${hint}`, {
      cause,
    });
  }
  // Warnings on its standard error come before or after.
  const answer = ended.lines.find((line) => ANSWERS.includes(line)) ?? ended.lines.at(-1) ?? "it printed nothing";
  if (answer === "False") {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${python} is older than Python 3.8: ${hint}`);
  }
  if (answer !== "True") {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${python} is not a usable Python (${answer}): ${hint}`);
  }
  return interpreter;
}

/** Versions that pip lists when it finds none that matches; there may be a hundred. */
const MAX_VERSIONS = 5;

function shortenVersions(line: string): string {
  return line.replace(/\(from versions: ([^)]*)\)/, (all, list: string) => {
    const versions = list.split(", ");
    return versions.length <= MAX_VERSIONS ? all : `(from versions: …, ${versions.slice(-MAX_VERSIONS).join(", ")})`;
  });
}

function failed(what: string, { lines }: Ended, hint: string): BridgeError {
  const indented = lines.map((line) => `\n  ${shortenVersions(line)}`).join("");
  return new BridgeError("BRIDGE_MISSING_PACKAGE", `${what}; ${hint}. Its last lines:${indented}`);
}

/** A program that is just ending may still write into the directory. */
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 } as const;

/** Removed when the scope ends. */
function makeTemporaryDirectory(scope: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), "interop-"));
  // For a process that exits before the scope ends.
  const removeAtExit = () => {
    try {
      rmSync(directory, REMOVE);
    } catch {
      // The process is exiting: there is nothing left to do.
    }
  };
  process.once("exit", removeAtExit);
  cleanUp(scope, async () => {
    await rm(directory, REMOVE);
    process.off("exit", removeAtExit);
  });
  return directory;
}

/**
 * Makes a virtual environment from a requirements file. It is removed when the scope ends.
 *
 * @returns its interpreter
 * @throws BridgeError `BRIDGE_INVALID_OPTION` without the file, `BRIDGE_MISSING_PACKAGE` when venv or pip fail
 */
export async function makeEnvironment(
  setting: Setting,
  python: string,
  requirements: string,
  lines: LiveLines,
): Promise<string> {
  if (!existsSync(requirements)) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--requirements ${requirements}: there is no such file`);
  }
  const directory = makeTemporaryDirectory(setting.scope);
  const temporary = join(directory, "tmp");
  mkdirSync(temporary);
  // Their temporary files are removed too, even if they are interrupted.
  const inside = { ...setting, env: { TMPDIR: temporary, TEMP: temporary, TMP: temporary } };
  const start = performance.now();
  lines.print("  making a virtual environment");
  const made = await run(inside, python, ["-m", "venv", directory]);
  if (made.code !== 0) {
    const hint = "on Debian and Ubuntu, install python3-venv";
    throw failed(`${python} -m venv failed`, made, hint);
  }
  const interpreter = join(directory, ...INTERPRETER);
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "-r", requirements];
  const installed = await run(inside, interpreter, pip, (line) => lines.show([`  pip: ${line.trim()}`]));
  if (installed.code !== 0) {
    throw failed(`pip could not install ${requirements}`, installed, "try the same in an environment of your own");
  }
  lines.print(`  installed ${requirements} in ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  return interpreter;
}
