import { readFileSync } from "node:fs";
import { parseJson } from "../../src/protocol/json/parse.js";
import { fromTyped } from "../../src/testing/typed-json.js";

/** A line of `test/fixtures/pickles.jsonl`: see `pickles.py` beside it. */
export interface RealPickle {
  readonly python: string;
  readonly pickler: "C" | "Python";
  readonly protocol: number;
  readonly name: string;
  readonly pickle: string;
  /** What `json.dumps` of Python makes of the same value. */
  readonly json?: string;
  /** The first opcode that is not one of inert data. */
  readonly refused?: string;
}

export const REAL_PICKLES: readonly RealPickle[] = readFileSync("test/fixtures/pickles.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as RealPickle);

export const frameOf = ({ pickle }: RealPickle): Buffer => Buffer.from(pickle, "base64");

/** The value that the JSON decoder has for it; bytes are `{"$bytes": base64}` there. */
export function fromPythonJson(json: string): unknown {
  const parsed = parseJson(json);
  if ("rejected" in parsed) {
    throw new Error(`not JSON: ${json}`);
  }
  return fromTyped(parsed.value);
}
