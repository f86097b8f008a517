import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { testEnvironment } from "../../scripts/environment/environment.js";

const FIXTURES = "python-fixtures";
const OLDER = join(FIXTURES, "releases");
/** `prepare.ts` creates its environment. */
const NEWEST = join(FIXTURES, "requirements.txt");

/** Packages for one release of python-socketio. */
interface Requirements {
  readonly release: string;
  /** The Python that they are for: `3.9`. */
  readonly python: string;
  readonly text: string;
}

function readRequirements(file: string): Requirements {
  const text = readFileSync(file, "utf8");
  const release = /^python-socketio==(\S+)$/m.exec(text)?.[1];
  const python = /for Python (\d+\.\d+)/.exec(text)?.[1];
  if (release === undefined || python === undefined) {
    throw new Error(`${file} names no python-socketio, or no Python`);
  }
  return { release, python, text };
}

function allRequirements(): ReadonlyMap<string, Requirements & { readonly file: string }> {
  const files = [...readdirSync(OLDER).map((name) => join(OLDER, name)), NEWEST];
  return new Map(files.map((file) => [readRequirements(file).release, { file, ...readRequirements(file) }]));
}

/** All releases that have requirements, the newest last. */
export function releases(): readonly string[] {
  return [...allRequirements().keys()].sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
}

function requireInterpreter(command: string, version: string): string {
  const { stdout } = spawnSync(command, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], {
    encoding: "utf8",
  });
  if (stdout?.trim() !== version) {
    throw new Error(`${command} is not Python ${version}: name one with --python ${version}=PATH`);
  }
  return command;
}

/**
 * Creates a virtual environment with the packages of a release, unless it exists.
 *
 * @param named - interpreters by release, if they have its packages, or by Python version, to create environments with
 * @returns its interpreter
 */
export function interpreterOf(release: string, named: ReadonlyMap<string, string>): string {
  const given = named.get(release);
  if (given !== undefined) {
    return resolve(given);
  }
  const requirements = allRequirements().get(release);
  if (requirements === undefined) {
    throw new Error(
      `there are no requirements for python-socketio ${release}: name an interpreter with --python ${release}=PATH`,
    );
  }
  const { file, python, text } = requirements;
  if (file === NEWEST) {
    return testEnvironment().python;
  }
  const directory = resolve(FIXTURES, `.venv-${release}`);
  const interpreter = join(directory, "bin", "python");
  const stamp = join(directory, "requirements.sha256");
  const wanted = createHash("sha256").update(text).digest("hex");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    const base = requireInterpreter(named.get(python) ?? `python${python}`, python);
    console.info(`installing ${file} into ${directory}`);
    execFileSync(base, ["-m", "venv", "--clear", directory], { stdio: "inherit" });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", file];
    execFileSync(interpreter, pip, { stdio: "inherit" });
    writeFileSync(stamp, wanted);
  }
  return interpreter;
}
