import { quote } from "../../util/quote.js";
import type { Rejection } from "../model/messages.js";
import { asBytes, type Leaf, toJsonValue, toJsonView } from "./to-json-value.js";

/**
 * Bytes inside JSON, as `Packet.deconstruct_binary` and `reconstruct_binary` of python-socketio have them: each stands
 * as `{"_placeholder": true, "num": i}`, with i counting from 0 in the order of a depth-first walk.
 */
type JsonObject = Record<string, unknown>;

function isPlainContainer(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

export function hasBinary(value: unknown): boolean {
  if (asBytes(value) !== undefined) {
    return true;
  }
  const view = toJsonView(value, "");
  if (asBytes(view) !== undefined) {
    return true;
  }
  // Of an array JSON writes the items only, whatever else hangs on it.
  const items = Array.isArray(view) ? view : isPlainContainer(view) ? Object.values(view) : [];
  return items.some(hasBinary);
}

/** A copy with placeholders; the bytes themselves are appended to `attachments`. */
export function deconstruct(args: readonly unknown[], attachments: Uint8Array[]): readonly unknown[] {
  const placeholder: Leaf = (leaf) =>
    typeof leaf === "object" ? { _placeholder: true, num: attachments.push(leaf) - 1 } : leaf;
  return args.map((arg, index) => toJsonValue(arg, placeholder, index));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** In MessagePack an attachment may stand as the bytes that it is. */
function decodeAttachment(text: unknown): Uint8Array | Rejection {
  if (text instanceof Uint8Array) {
    return text;
  }
  if (typeof text !== "string" || text.length % 4 !== 0 || !BASE64.test(text)) {
    return { reason: "bad_base64", detail: `the attachment ${quote(text)} is not base64` };
  }
  return Buffer.from(text, "base64");
}

/**
 * Puts the attachments back in place of their placeholders, in the parsed value itself, which nobody else holds.
 *
 * @param value - fresh from `JSON.parse`, free of unsafe keys, of bounded depth
 */
export function reconstruct(
  value: unknown,
  encoded: readonly unknown[],
): { readonly value: unknown } | { readonly rejected: Rejection } {
  const attachments: Uint8Array[] = [];
  for (const text of encoded) {
    const bytes = decodeAttachment(text);
    if ("reason" in bytes) {
      return { rejected: bytes };
    }
    attachments.push(bytes);
  }
  let rejected: Rejection | undefined;
  const restore = (node: unknown): unknown => {
    if (!isPlainContainer(node) || node instanceof Uint8Array) {
      return node;
    }
    // A client's decoder stops at any `_placeholder: true`, so one that is only half of the pair is refused too.
    if (node._placeholder === true) {
      const bytes = typeof node.num === "number" ? attachments[node.num] : undefined;
      rejected ??= bytes ? undefined : { reason: "bad_placeholder", detail: `no attachment ${quote(node.num)}` };
      return bytes;
    }
    for (const [key, item] of Object.entries(node)) {
      node[key] = restore(item);
    }
    return node;
  };
  const restored = restore(value);
  return rejected === undefined ? { value: restored } : { rejected };
}
