import { type Python, PythonProgram } from "./fleet/python-program.js";

/** Name and version of what an interpreter has of a fleet; `python-socketio` is among them. */
export type Versions = Readonly<Record<string, string>> & { readonly "python-socketio": string };

/**
 * Asks the interpreter.
 *
 * @throws Unavailable without python-socketio; Error when the interpreter cannot be started
 */
export async function detectVersions(python: Python): Promise<Versions> {
  const program = new PythonProgram(python, "versions.py", []);
  const { versions } = await program.ready();
  await program.end();
  return versions as Versions;
}

/** Whether the release `version` comes before `other`: `5.9.0` is before `5.14`. A pre-release counts as its release. */
export function isBefore(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}
