import type { Encoding } from "../../src/index.js";

/** `plain`: python-socketio as it is, which reads and writes JSON. Else `msgpack_channel.py`, which reads both. */
export type PythonEncoding = "plain" | Encoding;

interface Encodings {
  node: Encoding;
  python: PythonEncoding;
}

/** What the hosts of a file of tests write where a test does not say so. Each such file is a process of its own. */
export const encodings: Encodings = { node: "json", python: "plain" };
