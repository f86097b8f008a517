import type { Encoding } from "../../src/index.js";

/** `plain`: python-socketio as it is, which reads and writes JSON. Else `socketio_bridge.msgpack`, which reads both. */
export type PythonEncoding = "plain" | Encoding;

interface Encodings {
  node: Encoding;
  python: PythonEncoding;
}

/** The default encodings of the hosts in a test file. Each file runs in a process of its own. */
export const encodings: Encodings = { node: "json", python: "plain" };
