import { deconstruct, hasBinary, reconstruct } from "./json/attachments.js";
import { bufferOf } from "./json/to-json-value.js";
import type { EmitPayload, PayloadForm, Rejection } from "./model/messages.js";

/**
 * The arguments of an emit, and how they stand in `data`.
 *
 * Releases from 5.15.1 on write the list of arguments; all before write the value itself. A receiver takes `data` that is no list as
 * one argument, and null as none, in every release. So the bare value is written wherever it can be: no argument, or
 * one that is neither a list nor null. Several arguments and a list argument are written as 5.15.1 does; or, in the form
 * "argument", a list argument as all before do, which have no form for several arguments.
 *
 *     emit("x")          "data": null
 *     emit("x", {…})     "data": {…}
 *     emit("x", [1, 2])  "data": [[1, 2]], or "data": [1, 2]
 *     emit("x", 1, 2)    "data": [1, 2]
 *     emit("x", bytes)   "data": [{"_placeholder": true, "num": 0}, "base64…"], "binary": true
 *
 * `PubSubManager.emit` writes it, `PubSubManager._handle_emit` reads it.
 */

/** @param list - the JSON text of the arguments as a list */
function dataOf(args: readonly unknown[], list: string, form: PayloadForm): string {
  if (args.length !== 1) {
    return args.length === 0 ? "null" : list;
  }
  const only = list.slice(1, -1);
  return only.startsWith("[") && form === "arguments" ? list : only;
}

/** What an emit says, as JSON text. */
export interface PayloadText {
  /** The fields `data` and `binary`, without braces. */
  readonly fields: string;
  /** The arguments as a list, which is how clients get them; undefined where bytes are among them. */
  readonly list: string | undefined;
}

/**
 * @param form - "argument" takes one argument at most
 * @throws TypeError for what JSON cannot say: a bigint, a circular structure
 */
export function encodePayload(args: readonly unknown[], form: PayloadForm): PayloadText {
  if (!hasBinary(args)) {
    const list = JSON.stringify(args);
    return { fields: `"data":${dataOf(args, list, form)},"binary":false`, list };
  }
  const attachments: Uint8Array[] = [];
  const value = dataOf(args, JSON.stringify(deconstruct(args, attachments)), form);
  const encoded = attachments.map((bytes) => `"${bufferOf(bytes).toString("base64")}"`);
  return { fields: `"data":[${[value, ...encoded].join(",")}],"binary":true`, list: undefined };
}

/** `Manager.emit`: a lone None is no argument, but one in a tuple or a list is. */
function toArgs(data: unknown, form: PayloadForm): readonly unknown[] {
  if (form === "tuple") {
    return data as readonly unknown[];
  }
  const args = Array.isArray(data) && form === "arguments" ? data : [data];
  return args.length === 1 && args[0] === null ? [] : args;
}

/** The arguments that a client gets, as Python would send them. */
export function decodePayload(
  payload: EmitPayload,
): { readonly args: readonly unknown[] } | { readonly rejected: Rejection } {
  let { data } = payload;
  if (payload.binary) {
    if (!Array.isArray(data) || data.length === 0) {
      return { rejected: { reason: "wrong_type", detail: "data of a binary emit is not a list with a value in it" } };
    }
    const [value, ...encoded] = data;
    const result = reconstruct(value, encoded);
    if ("rejected" in result) {
      return result;
    }
    data = result.value;
  }
  return { args: toArgs(data, payload.form) };
}
