import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isBefore } from "../../../interop/python-release.js";

/** Where the programs and the requirements are, from the root of the repository. */
export const FIXTURES = "python-fixtures";
const RELEASES = join(FIXTURES, "releases");
const NEWEST = join(FIXTURES, "requirements.txt");

/** A release line of the matrix. */
export interface MatrixRow {
  /** Of python-socketio. */
  readonly release: string;
  readonly flaskSocketIo: string;
  /** Of the interpreter, as the image is tagged: `3.9`. */
  readonly python: string;
  /** Text of its requirements file. */
  readonly requirements: string;
}

function only(pattern: RegExp, text: string, file: string): string {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) {
    throw new Error(`${file} has nothing like ${pattern}`);
  }
  return found;
}

function readRow(file: string): MatrixRow {
  const requirements = readFileSync(file, "utf8");
  return {
    release: only(/^python-socketio==(\S+)$/m, requirements, file),
    flaskSocketIo: only(/^Flask-SocketIO==(\S+)$/m, requirements, file),
    python: only(/for Python (\d+\.\d+)/, requirements, file),
    requirements,
  };
}

/** One per requirements file, from the oldest release to the newest. */
export function readRows(): readonly MatrixRow[] {
  const files = [...readdirSync(RELEASES).map((name) => join(RELEASES, name)), NEWEST];
  return files.map(readRow).sort((a, b) => (isBefore(a.release, b.release) ? -1 : 1));
}
