import { asBuffer } from "../../util/bytes.js";
import type { PayloadForm } from "../model/messages.js";
import { hasBinary } from "../values/json-value.js";
import { deconstruct } from "./attachments.js";
import { stringifySafely } from "./stringify.js";

/** The arguments of an emit as JSON text. */
export interface EncodedPayload {
  /** The fields `data` and `binary`, without braces. */
  readonly fieldsJson: string;
  /** See `EncodedEmit`. */
  readonly argsJson: string | undefined;
}

/**
 * The value of `data`. All releases read null as no argument, and a value that is neither a list nor null as the only
 * argument, so these are written bare. Several arguments, and a list as the only one, have no form that all releases read.
 *
 * @param argsJson - the arguments as a JSON list
 */
function encodeData(args: readonly unknown[], argsJson: string, form: PayloadForm): string {
  if (args.length !== 1) {
    return args.length === 0 ? "null" : argsJson;
  }
  const only = argsJson.slice(1, -1);
  return only.startsWith("[") && form === "argument-list" ? argsJson : only;
}

/**
 * `PubSubManager.emit`; docs/protocol.md, "Forms of data" and "Bytes".
 *
 *     emit("x")          "data": null
 *     emit("x", {…})     "data": {…}
 *     emit("x", [1, 2])  "data": [[1, 2]] as "argument-list", [1, 2] as "single-argument"
 *     emit("x", 1, 2)    "data": [1, 2]
 *     emit("x", bytes)   "data": [{"_placeholder": true, "num": 0}, "base64…"], "binary": true
 *
 * @param form - "single-argument" has no form for several arguments: see `assertReadableIn`
 * @throws TypeError for what JSON has no form for, a bigint or a circular structure
 * @throws UnreadableValue for what readers reject
 */
export function encodePayload(args: readonly unknown[], form: PayloadForm): EncodedPayload {
  if (!hasBinary(args)) {
    const argsJson = stringifySafely(args);
    return { fieldsJson: `"data":${encodeData(args, argsJson, form)},"binary":false`, argsJson };
  }
  const attachments: Uint8Array[] = [];
  const value = encodeData(args, JSON.stringify(deconstruct(args, attachments)), form);
  const encoded = attachments.map((bytes) => `"${asBuffer(bytes).toString("base64")}"`);
  return { fieldsJson: `"data":[${[value, ...encoded].join(",")}],"binary":true`, argsJson: undefined };
}
