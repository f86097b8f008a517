import { float, tuple } from "../../src/testing/typed-json.js";

const bytes = Buffer.from([0, 1, 254, 255]);

/** A shape of payload. A release that cannot send one of its forms cannot send any of them. */
export type Shape =
  | "no data"
  | "one argument"
  | "a list"
  | "several arguments"
  | "unicode"
  | "numbers"
  | "bytes"
  | "bytes at depth"
  | "bytes among arguments";

/** What Python emits, as fields of the request `emit` of `peer.py`, and what every client receives. */
export interface PythonPayload {
  readonly what: string;
  readonly shape: Shape;
  readonly emit: object;
  readonly args: readonly unknown[];
}

export const PYTHON_PAYLOADS: readonly PythonPayload[] = [
  { what: "no data", shape: "no data", emit: { no_data: true }, args: [] },
  { what: "None", shape: "no data", emit: { data: null }, args: [] },
  { what: "one argument", shape: "one argument", emit: { data: "one" }, args: ["one"] },
  { what: "False", shape: "one argument", emit: { data: false }, args: [false] },
  { what: "zero", shape: "one argument", emit: { data: 0 }, args: [0] },
  { what: "an empty string", shape: "one argument", emit: { data: "" }, args: [""] },
  { what: "an empty dict", shape: "one argument", emit: { data: {} }, args: [{}] },
  {
    what: "nesting",
    shape: "one argument",
    emit: { data: { a: [{ b: { c: [] } }], d: null } },
    args: [{ a: [{ b: { c: [] } }], d: null }],
  },
  {
    what: "several arguments",
    shape: "several arguments",
    emit: { data: tuple(1, "two", null, [3]) },
    args: [1, "two", null, [3]],
  },
  { what: "an empty tuple", shape: "several arguments", emit: { data: tuple() }, args: [] },
  { what: "a list", shape: "a list", emit: { data: [1, 2] }, args: [[1, 2]] },
  { what: "an empty list", shape: "a list", emit: { data: [] }, args: [[]] },
  { what: "a list of one None", shape: "a list", emit: { data: [null] }, args: [[null]] },
  {
    what: "unicode",
    shape: "unicode",
    emit: { data: 'žluťoučký 🐍 \u2028 \u0000 \\ "' },
    args: ['žluťoučký 🐍 \u2028 \u0000 \\ "'],
  },
  {
    what: "numbers",
    shape: "numbers",
    emit: { data: { n: [1.5, -0.25, 1e100, -(2 ** 53) + 1, float("1.0")] } },
    args: [{ n: [1.5, -0.25, 1e100, -(2 ** 53) + 1, 1] }],
  },
  { what: "bytes", shape: "bytes", emit: { data: bytes }, args: [bytes] },
  {
    what: "bytes at depth",
    shape: "bytes at depth",
    emit: { data: { a: [{ b: bytes }, bytes] } },
    args: [{ a: [{ b: bytes }, bytes] }],
  },
  {
    what: "bytes among arguments",
    shape: "bytes among arguments",
    emit: { data: tuple(bytes, { x: bytes }, "s") },
    args: [bytes, { x: bytes }, "s"],
  },
];

/** What a Node host emits, and what a client of a Python host receives. */
export interface NodePayload {
  readonly what: string;
  readonly shape: Shape;
  readonly args: readonly unknown[];
  /** @default args */
  readonly received?: readonly unknown[];
}

export const NODE_PAYLOADS: readonly NodePayload[] = [
  { what: "none", shape: "no data", args: [] },
  { what: "null", shape: "no data", args: [null], received: [] },
  { what: "a string", shape: "one argument", args: ["one"] },
  { what: "false", shape: "one argument", args: [false] },
  { what: "an object", shape: "one argument", args: [{ a: [{ b: null }], c: "d" }] },
  { what: "a date", shape: "one argument", args: [new Date(0)], received: ["1970-01-01T00:00:00.000Z"] },
  { what: "an array", shape: "a list", args: [[1, [2]]] },
  { what: "an empty array", shape: "a list", args: [[]] },
  { what: "several", shape: "several arguments", args: [1, "two", null, [3], { four: 4 }] },
  { what: "unicode", shape: "unicode", args: ['žluťoučký 🐍 \u2028 \u0000 \\ "'] },
  { what: "numbers", shape: "numbers", args: [{ n: [0, 1.5, -0.25, 1e100, 2 ** 53 - 1] }] },
  { what: "a buffer", shape: "bytes", args: [bytes] },
  { what: "an object with buffers", shape: "bytes at depth", args: [{ a: [{ b: bytes }], c: bytes }] },
  {
    what: "a typed array",
    shape: "bytes at depth",
    args: [{ view: new Uint8Array(bytes) }],
    received: [{ view: bytes }],
  },
  { what: "buffers among arguments", shape: "bytes among arguments", args: [{ a: [{ b: bytes }] }, bytes, "x"] },
];
