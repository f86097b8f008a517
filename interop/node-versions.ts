import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What takes part on Node's side. */
export function nodeVersions(): Readonly<Record<string, string>> {
  const packages = ["socketio-python-bridge", "socket.io", "socket.io-client"];
  const version = (name: string) => (require(`${name}/package.json`) as { version: string }).version;
  return { "Node.js": process.versions.node, ...Object.fromEntries(packages.map((name) => [name, version(name)])) };
}
