import { BridgeError } from "../errors.js";

/**
 * Bodies of requests and responses: JSON, and bytes beside it as they are. `socketio_bridge/body.py` is the counterpart.
 *
 *     23 5
 *     {"args": [{"_placeholder": true, "num": 0}]}<5 bytes>
 */

const JSON_TYPE = "application/json";
const PARTS_TYPE = "application/vnd.socketio-bridge.parts";

const NEWLINE = 0x0a;

export interface Body {
  readonly type: string;
  readonly bytes: Buffer;
}

/** @param value - what `JSON.stringify` has a form for, and bytes */
export function encodeBody(value: unknown): Body {
  const attachments: Uint8Array[] = [];
  const text = JSON.stringify(withPlaceholders(value, attachments));
  if (attachments.length === 0) {
    return { type: JSON_TYPE, bytes: Buffer.from(text) };
  }
  const parts = [Buffer.from(text), ...attachments];
  const head = `${parts.map(({ byteLength }) => byteLength).join(" ")}\n`;
  return { type: PARTS_TYPE, bytes: Buffer.concat([Buffer.from(head), ...parts]) };
}

/** @throws BridgeError `BRIDGE_BACKEND_FAILED` for what no worker has written */
export function decodeBody(type: string | undefined, bytes: Buffer): Readonly<Record<string, unknown>> {
  const [kind] = (type ?? "").split(";");
  if (kind === JSON_TYPE) {
    return parseObject(bytes);
  }
  if (kind !== PARTS_TYPE) {
    throw new BridgeError("BRIDGE_BACKEND_FAILED", `the backend answers with ${kind === "" ? "no type" : kind}`);
  }
  const end = bytes.indexOf(NEWLINE);
  const lengths = bytes.toString("latin1", 0, Math.max(end, 0)).split(" ");
  const attachments: Buffer[] = [];
  let position = end + 1;
  for (const length of lengths) {
    attachments.push(bytes.subarray(position, position + Number(length)));
    position += Number(length);
  }
  if (end < 0 || position !== bytes.length || !lengths.every((length) => /^\d{1,10}$/.test(length))) {
    throw new BridgeError("BRIDGE_BACKEND_FAILED", "the backend answers with parts that do not fill the body");
  }
  const [text = bytes, ...rest] = attachments;
  return withBytes(parseObject(text), rest) as Readonly<Record<string, unknown>>;
}

function parseObject(text: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.toString());
  } catch (cause) {
    throw new BridgeError("BRIDGE_BACKEND_FAILED", "the backend answers with what is no JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BridgeError("BRIDGE_BACKEND_FAILED", "the backend answers with JSON that is no object");
  }
  return value as Readonly<Record<string, unknown>>;
}

function withPlaceholders(value: unknown, attachments: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) {
    return { _placeholder: true, num: attachments.push(value) - 1 };
  }
  if (Array.isArray(value)) {
    return value.map((item) => withPlaceholders(item, attachments));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPlaceholders(item, attachments)]));
}

function withBytes(value: unknown, attachments: readonly Buffer[]): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => withBytes(item, attachments));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const { _placeholder: isPlaceholder, num } = value as Record<string, unknown>;
  if (isPlaceholder === true) {
    const bytes = attachments[num as number];
    if (bytes === undefined) {
      throw new BridgeError("BRIDGE_BACKEND_FAILED", "the backend answers with a placeholder without bytes");
    }
    return bytes;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBytes(item, attachments)]));
}
