import { type Python, PythonProgram } from "../src/testing/python-program.js";

/** Name and version of what an interpreter has of a fleet; `python-socketio` is among them. */
export type Versions = Readonly<Record<string, string>> & { readonly "python-socketio": string };

/**
 * Asks the interpreter.
 *
 * @param scheme - of the queue's URL
 * @throws Unavailable without python-socketio or the client library for such a queue; Error when the interpreter cannot
 * be started
 */
export async function detectVersions(python: Python, scheme: string): Promise<Versions> {
  const program = new PythonProgram(python, "versions.py", [scheme]);
  const { versions } = await program.ready();
  await program.end();
  return versions as Versions;
}
