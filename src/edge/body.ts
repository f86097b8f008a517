import { BridgeError } from "../errors.js";
import { surveyJson } from "../util/survey-json.js";
import { TOO_HEAVY } from "../util/weight.js";

/**
 * Bodies of calls and replies, of which `socketio_bridge/body.py` is the other side: a line with the length of each part,
 * and the parts, one directly after the other.
 *
 *     45 38 5
 *     {"kind":"event",…}[{"_placeholder":true,"num":0}]<5 bytes>
 *
 * The first part is an object, the second a list of arguments; the others are its bytes, as in a binary packet of Socket.IO.
 */

export const BODY_TYPE = "application/vnd.socketio-bridge";

const NEWLINE = 0x0a;

/** Bytes of the first line: a length of ten digits and a space for each of 50,000 attachments. */
const MAX_LINE = 11 * 50_000;
const LENGTH = /^\d{1,10}$/;

/** Arguments of an acknowledgement: they are passed to a function, which takes so many. */
const MAX_ARGS = 10_000;

/** Arguments of an event or of an acknowledgement, encoded. */
export interface EncodedArgs {
  readonly parts: readonly Uint8Array[];
  readonly byteLength: number;
}

/** Levels of lists and objects, of which JSON of Python takes about a thousand. */
const MAX_DEPTH = 900;

/**
 * @param args - what a client has sent: values of JSON, and bytes
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what is nested deeper than Python can read
 */
export function encodeArgs(args: readonly unknown[]): EncodedArgs {
  const attachments: Uint8Array[] = [];
  const json = Buffer.from(JSON.stringify(withPlaceholders(args, attachments)));
  const parts = [json, ...attachments];
  return { parts, byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0) };
}

export function encodeBody(head: Readonly<Record<string, unknown>>, { parts }: EncodedArgs): Buffer {
  const all = [Buffer.from(JSON.stringify(head)), ...parts];
  const lengths = `${all.map(({ byteLength }) => byteLength).join(" ")}\n`;
  return Buffer.concat([Buffer.from(lengths), ...all]);
}

export interface Body {
  readonly head: Readonly<Record<string, unknown>>;
  readonly args: readonly unknown[];
}

/** @throws BridgeError `BRIDGE_BACKEND_FAILED` for what no worker has written */
export function decodeBody(bytes: Buffer): Body {
  const [head, args, ...attachments] = split(bytes);
  const values = listOf(parse(args));
  if (values.length > MAX_ARGS) {
    throw bad(`has ${values.length} arguments; the limit is ${MAX_ARGS}`);
  }
  return { head: objectOf(parse(head)), args: withBytes(values, attachments) as readonly unknown[] };
}

const bad = (what: string, cause?: unknown) =>
  new BridgeError("BRIDGE_BACKEND_FAILED", `the answer ${what}`, { cause });

function split(bytes: Buffer): readonly Buffer[] {
  const end = bytes.subarray(0, MAX_LINE).indexOf(NEWLINE);
  const lengths = bytes.toString("latin1", 0, Math.max(end, 0)).split(" ");
  if (!lengths.every((length) => LENGTH.test(length))) {
    throw bad("does not begin with the lengths of its parts");
  }
  let position = end + 1;
  const parts = lengths.map((length) => {
    const start = position;
    position += Number(length);
    return bytes.subarray(start, position);
  });
  if (position !== bytes.length) {
    throw bad(`has ${bytes.length} bytes, and parts of ${position}`);
  }
  return parts;
}

function parse(json: Buffer | undefined): unknown {
  if (json !== undefined && json.length > MAX_DEPTH) {
    const { isTooDeep, isTooHeavy } = surveyJson(json, MAX_DEPTH);
    if (isTooDeep || isTooHeavy) {
      throw bad(isTooDeep ? `is nested more than ${MAX_DEPTH} levels` : `has ${TOO_HEAVY}`);
    }
  }
  try {
    return JSON.parse(json?.toString() ?? "");
  } catch (cause) {
    throw bad("has a part that is no JSON", cause);
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bad("does not begin with an object");
  }
  return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw bad("has no list of arguments");
  }
  return value;
}

function withPlaceholders(value: unknown, attachments: Uint8Array[], depth = 1): unknown {
  if (depth > MAX_DEPTH) {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `the arguments are nested more than ${MAX_DEPTH} levels`);
  }
  if (value instanceof Uint8Array) {
    return { _placeholder: true, num: attachments.push(value) - 1 };
  }
  if (Array.isArray(value)) {
    return value.map((item) => withPlaceholders(item, attachments, depth + 1));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withPlaceholders(item, attachments, depth + 1)]),
  );
}

function withBytes(value: unknown, attachments: readonly Buffer[]): unknown {
  if (attachments.length === 0 || typeof value !== "object" || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item) => withBytes(item, attachments));
  }
  const { _placeholder: isPlaceholder, num } = value as Record<string, unknown>;
  if (isPlaceholder === true) {
    const bytes = attachments[num as number];
    if (bytes === undefined) {
      throw bad("has a placeholder without bytes");
    }
    return bytes;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBytes(item, attachments)]));
}
