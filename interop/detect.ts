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
