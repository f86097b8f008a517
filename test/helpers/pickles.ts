import { readFileSync } from "node:fs";
import { decodeJson } from "../../src/protocol/json/decode.js";
import { type Rejection, RejectionError } from "../../src/protocol/model/rejection.js";
import { unpickle } from "../../src/protocol/pickle/unpickle.js";
import { fromTyped } from "../../src/testing/typed-json.js";

/** A line of `test/fixtures/pickles.jsonl`: see `pickles.py` beside it. */
export interface RealPickle {
  readonly python: string;
  readonly pickler: "C" | "Python";
  readonly protocol: number;
  readonly name: string;
  readonly pickle: string;
  /** What `json.dumps` of Python writes for the same value. */
  readonly json?: string;
  /** The first opcode that is not plain data. */
  readonly refused?: string;
}

export const REAL_PICKLES: readonly RealPickle[] = readFileSync("test/fixtures/pickles.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as RealPickle);

export const frameOf = ({ pickle }: RealPickle): Buffer => Buffer.from(pickle, "base64");

/** The value of JSON in which bytes are `{"$bytes": base64}`. */
export function fromPythonJson(json: string): unknown {
  return fromTyped(decodeJson(Buffer.from(json)).value);
}

/** What `unpickle` returns, or the rejection that it throws. */
export function tryUnpickle(
  frame: Uint8Array,
  maxSize: number,
): ReturnType<typeof unpickle> | { readonly rejection: Rejection } {
  try {
    return unpickle(frame, maxSize);
  } catch (error) {
    if (error instanceof RejectionError) {
      return { rejection: error.rejection };
    }
    throw error;
  }
}
