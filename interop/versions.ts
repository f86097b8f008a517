import { createRequire } from "node:module";
import { type Python, startPythonProgram } from "../src/testing/python.js";

/** Name and version of every package that takes part in a fleet and that an interpreter has. */
export type PythonVersions = Readonly<Record<string, string>> & { readonly "python-socketio": string };

/**
 * Asks the interpreter.
 *
 * @param scheme - of the queue's URL
 * @throws Unavailable without python-socketio or the client library for such a queue; Error when the interpreter cannot
 * be started
 */
export async function pythonVersions(python: Python, scheme: string): Promise<PythonVersions> {
  const program = startPythonProgram(python, "versions.py", [scheme]);
  const { versions } = await program.ready();
  await program.end();
  return versions as PythonVersions;
}

const require = createRequire(import.meta.url);

/** The same for the Node side. */
export function nodeVersions(): Readonly<Record<string, string>> {
  const packages = ["socketio-python-bridge", "socket.io", "socket.io-client"];
  const version = (name: string) => (require(`${name}/package.json`) as { version: string }).version;
  return { "Node.js": process.versions.node, ...Object.fromEntries(packages.map((name) => [name, version(name)])) };
}
