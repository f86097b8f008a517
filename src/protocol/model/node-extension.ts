import { asBytes } from "../../util/bytes.js";
import { quote } from "../../util/quote.js";
import { isTimerDelay } from "../../util/validation.js";
import { isJsonNull } from "../values/json-value.js";
import { MAX_NAMES } from "../values/limits.js";
import { Fields } from "./fields.js";
import type { DisconnectMembersMessage, EmitExtension, MoveMembersMessage } from "./messages.js";
import type { OutgoingCommand, OutgoingEmit } from "./outgoing.js";
import { RejectionError } from "./rejection.js";

/** What only Node hosts write and read (docs/protocol.md, "What Node hosts add"). */

/** The object `node`. Keys in it that this release does not know are ignored. */
function readNodeObject(fields: Fields): Fields | undefined {
  const value = fields.get("node") ?? null;
  if (value === null) {
    return undefined;
  }
  if (typeof value !== "object" || Array.isArray(value) || asBytes(value) !== undefined) {
    throw new RejectionError("wrong_type", `node is ${quote(value)}, not an object`);
  }
  return new Fields(value as Record<string, unknown>, () => value);
}

/** `node` of an emit. */
export function readEmitExtension(fields: Fields): { readonly node?: EmitExtension } {
  const node = readNodeObject(fields);
  if (node === undefined) {
    return {};
  }
  const has = (key: string) => node.get(key) !== undefined;
  const extension: EmitExtension = {
    ...(has("volatile") ? { volatile: node.boolean("volatile") } : {}),
    ...(has("compress") ? { compress: node.boolean("compress") } : {}),
    ...(has("null") ? { null: node.boolean("null") } : {}),
    ...(has("list") ? { list: node.boolean("list") } : {}),
    ...(has("ackTimeout") ? { ackTimeout: node.wholeNumber("ackTimeout") } : {}),
    ...(has("sequence") ? { sequence: node.wholeNumber("sequence") } : {}),
    ...(has("unskipped") ? { unskipped: node.string("unskipped") } : {}),
  };
  return { node: extension };
}

/** Whether a message is for Python hosts alone. */
export function isForPython(fields: Fields): boolean {
  return readNodeObject(fields)?.boolean("ignore") === true;
}

/** The object `node` of an outgoing message, undefined if it needs none. */
export function nodeObjectOf(message: OutgoingEmit | OutgoingCommand): object | undefined {
  const node = {
    ...(message.method === "emit" ? message.node : {}),
    ...(message.isForPython === true ? { ignore: true } : {}),
  };
  return Object.keys(node).length === 0 ? undefined : node;
}

function readMembers(fields: Fields) {
  return {
    rooms: fields.rooms(),
    exceptRooms: fields.exceptRooms(),
    namespace: fields.namespace(),
    hostId: fields.hostId(),
  };
}

/** `node_join` and `node_leave` */
export function readMoveMembers(method: MoveMembersMessage["method"], fields: Fields): MoveMembersMessage {
  const names = fields.strings("names");
  if (names.length > MAX_NAMES) {
    throw new RejectionError("too_large", `names has ${names.length} rooms; the limit is ${MAX_NAMES}`);
  }
  return { method, names, ...readMembers(fields) };
}

/** `node_disconnect` */
export function readDisconnectMembers(fields: Fields): DisconnectMembersMessage {
  return { method: "node_disconnect", close: fields.boolean("close"), ...readMembers(fields) };
}

/** Plain JavaScript passes anything to `timeout()`, and a timer fires at once for what it cannot wait for. */
function wholeMilliseconds(timeout: number): number {
  const whole = Math.ceil(timeout);
  return isTimerDelay(whole) ? whole : 0;
}

/** Flags of an emit that other Node hosts apply too. */
export interface EmitFlags {
  readonly volatile?: boolean | undefined;
  readonly compress?: boolean | undefined;
}

/**
 * The `node` object for an emit.
 *
 * @param ackTimeout - milliseconds for which the sender collects and counts acknowledgements
 * @param sequence - the sender's number for the emit, if it keeps a history
 * @returns undefined if the emit needs none
 */
export function buildEmitExtension(
  args: readonly unknown[],
  { volatile, compress }: EmitFlags,
  ackTimeout?: number,
  sequence?: number,
): EmitExtension | undefined {
  const node: EmitExtension = {
    ...(volatile === true ? { volatile } : {}),
    // engine.io takes anything but false for true.
    ...(compress === undefined ? {} : { compress: compress !== false }),
    ...(args.length === 1 && isJsonNull(args[0]) ? { null: true } : {}),
    ...(ackTimeout === undefined ? {} : { ackTimeout: wholeMilliseconds(ackTimeout) }),
    ...(sequence === undefined ? {} : { sequence }),
  };
  return Object.keys(node).length === 0 ? undefined : node;
}
