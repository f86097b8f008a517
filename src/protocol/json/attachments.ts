import { quote } from "../../util/quote.js";
import { maxWeight } from "../../util/weight.js";
import { RejectionError } from "../model/rejection.js";
import { type ScalarEncoder, toJsonValue } from "../values/json-value.js";
import { MAX_ATTACHMENTS } from "../values/limits.js";
import { UnreadableValue } from "../values/unreadable-value.js";
import { byteTable } from "./check-json.js";

/**
 * Bytes in JSON: `Packet.deconstruct_binary` and `Packet.reconstruct_binary` of python-socketio, `deconstructPacket` and
 * `reconstructPacket` of socket.io-parser. Each bytes value is replaced by a placeholder, and the bytes follow in base64.
 *
 *     {"_placeholder": true, "num": 0}    the first in the order of a depth-first walk
 */

/**
 * A copy with placeholders. The bytes are appended to `attachments`.
 *
 * @throws TypeError for what JSON has no form for
 * @throws UnreadableValue for what readers reject
 */
export function deconstruct(args: readonly unknown[], attachments: Uint8Array[]): readonly unknown[] {
  const replaceBytes: ScalarEncoder = (scalar) =>
    typeof scalar === "object" ? { _placeholder: true, num: attachments.push(scalar) - 1 } : scalar;
  const copy = args.map((arg, index) => toJsonValue(arg, replaceBytes, index));
  assertAttachments(attachments.length);
  if (countPlaceholders(copy) > attachments.length) {
    throw new UnreadableValue("beside bytes, an object with _placeholder: true is taken for an attachment");
  }
  return copy;
}

/** @throws UnreadableValue */
function assertAttachments(count: number): void {
  if (count > MAX_ATTACHMENTS) {
    throw new UnreadableValue(`it has more than ${MAX_ATTACHMENTS} values of bytes`);
  }
}

function countPlaceholders(node: unknown): number {
  if (typeof node !== "object" || node === null) {
    return 0;
  }
  const own = (node as Record<string, unknown>)._placeholder === true ? 1 : 0;
  return Object.values(node).reduce((sum: number, item) => sum + countPlaceholders(item), own);
}

const BASE64_BYTES = byteTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

/** Padded, and not url-safe. */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) {
    return false;
  }
  const end = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  for (let position = 0; position < end; position += 1) {
    if (BASE64_BYTES[text.charCodeAt(position)] !== 1) {
      return false;
    }
  }
  return true;
}

/** @param encoded - base64, or in MessagePack the bytes themselves */
function decodeAttachment(encoded: unknown): Uint8Array {
  if (encoded instanceof Uint8Array) {
    return encoded;
  }
  if (typeof encoded !== "string" || !isBase64(encoded)) {
    throw new RejectionError("bad_base64", `the attachment ${quote(encoded)} is not base64`);
  }
  return Buffer.from(encoded, "base64");
}

/** What placeholders may still be replaced by: one attachment may have several, and clients get it as often. */
interface Allowance {
  placeholders: number;
  bytes: number;
}

function take(bytes: Uint8Array, allowance: Allowance): Uint8Array {
  allowance.placeholders -= 1;
  allowance.bytes -= bytes.byteLength;
  if (allowance.placeholders < 0 || allowance.bytes < 0) {
    throw new RejectionError("too_large", "many placeholders for one attachment");
  }
  return bytes;
}

function restore(node: unknown, attachments: readonly Uint8Array[], allowance: Allowance): unknown {
  if (typeof node !== "object" || node === null || node instanceof Uint8Array) {
    return node;
  }
  if (Array.isArray(node)) {
    for (let index = 0; index < node.length; index += 1) {
      node[index] = restore(node[index], attachments, allowance);
    }
    return node;
  }
  const container = node as Record<string, unknown>;
  // A client's decoder stops at any `_placeholder: true`, so a placeholder without a number is rejected too.
  if (container._placeholder === true) {
    const { num } = container;
    const bytes = typeof num === "number" ? attachments[num] : undefined;
    if (bytes === undefined) {
      throw new RejectionError("bad_placeholder", `no attachment ${quote(num)}`);
    }
    return take(bytes, allowance);
  }
  for (const key of Object.keys(container)) {
    container[key] = restore(container[key], attachments, allowance);
  }
  return node;
}

/**
 * Puts the attachments in place of their placeholders, in the given value itself.
 *
 * @param value - just decoded: without unsafe keys, at most `MAX_DEPTH` levels, and nobody else's
 * @throws RejectionError `too_large`, `bad_base64` or `bad_placeholder`
 */
export function reconstruct(value: unknown, encoded: readonly unknown[]): unknown {
  if (encoded.length > MAX_ATTACHMENTS) {
    throw new RejectionError("too_large", `more than ${MAX_ATTACHMENTS} values of bytes`);
  }
  const attachments = encoded.map(decodeAttachment);
  const size = attachments.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return restore(value, attachments, { placeholders: MAX_ATTACHMENTS, bytes: maxWeight(size) });
}
