import { quote, type Rejected } from "./messages.js";

/**
 * Bytes inside JSON, as `Packet.deconstruct_binary` and `reconstruct_binary` of python-socketio have them: each stands
 * as `{"_placeholder": true, "num": i}`, with i counting from 0 in the order of a depth-first walk.
 */
type JsonObject = Record<string, unknown>;

/** What Socket.IO sends as binary: `Buffer`, `ArrayBuffer`, typed arrays and `DataView`. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

function isPlainContainer(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** What `JSON.stringify` looks at instead of an object with `toJSON`, which it asks once. */
function jsonView(value: unknown): unknown {
  return isPlainContainer(value) && typeof value.toJSON === "function" ? value.toJSON() : value;
}

export function hasBinary(value: unknown): boolean {
  if (asBytes(value) !== undefined) {
    return true;
  }
  const view = jsonView(value);
  if (asBytes(view) !== undefined) {
    return true;
  }
  // Of an array JSON writes the items only, whatever else hangs on it.
  const items = Array.isArray(view) ? view : isPlainContainer(view) ? Object.values(view) : [];
  return items.some(hasBinary);
}

/** A copy with placeholders; the bytes themselves are appended to `attachments`. */
export function deconstruct(value: unknown, attachments: Uint8Array[]): unknown {
  const own = asBytes(value);
  const view = own === undefined ? jsonView(value) : value;
  const bytes = own ?? asBytes(view);
  if (bytes !== undefined) {
    return { _placeholder: true, num: attachments.push(bytes) - 1 };
  }
  if (!isPlainContainer(view)) {
    return view;
  }
  if (Array.isArray(view)) {
    return view.map((item) => deconstruct(item, attachments));
  }
  // Without a prototype a key "__proto__" is a key like any other.
  const copy: JsonObject = Object.create(null);
  for (const [key, item] of Object.entries(view)) {
    // JSON leaves functions out; a toJSON in the copy would be asked a second time.
    if (typeof item !== "function") {
      copy[key] = deconstruct(item, attachments);
    }
  }
  return copy;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function decodeBase64(text: unknown): Buffer | Rejected {
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
): { readonly value: unknown } | { readonly rejected: Rejected } {
  const attachments: Buffer[] = [];
  for (const text of encoded) {
    const bytes = decodeBase64(text);
    if (!Buffer.isBuffer(bytes)) {
      return { rejected: bytes };
    }
    attachments.push(bytes);
  }
  let rejected: Rejected | undefined;
  const restore = (node: unknown): unknown => {
    if (!isPlainContainer(node)) {
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
