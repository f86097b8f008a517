import { quote } from "../../util/quote.js";
import { asBytes, toJsonView } from "../json/to-json-value.js";
import { Fields, RejectionError, safeName } from "./fields.js";
import type { DisconnectMembersMessage, EmitExtension, MoveMembersMessage } from "./messages.js";

/** Of another host's messages, the keys that only Node hosts write. */

/** The object `node`; its own keys from the future are passed over. */
function extension(fields: Fields): Fields | undefined {
  const value = fields.get("node") ?? null;
  if (value === null) {
    return undefined;
  }
  if (typeof value !== "object" || Array.isArray(value) || asBytes(value) !== undefined) {
    throw new RejectionError("wrong_type", `node is ${quote(value)}, not an object`);
  }
  return new Fields(value as Record<string, unknown>, () => value);
}

export function readExtension(fields: Fields): { readonly node?: EmitExtension } {
  const node = extension(fields);
  if (node === undefined) {
    return {};
  }
  const has = (key: string) => node.get(key) !== undefined;
  const read: EmitExtension = {
    ...(has("volatile") ? { volatile: node.flag("volatile") } : {}),
    ...(has("compress") ? { compress: node.flag("compress") } : {}),
    ...(has("null") ? { null: node.flag("null") } : {}),
    ...(has("list") ? { list: node.flag("list") } : {}),
    ...(has("ackTimeout") ? { ackTimeout: node.whole("ackTimeout") } : {}),
    ...(has("sequence") ? { sequence: node.whole("sequence") } : {}),
  };
  return { node: read };
}

export function readClose(fields: Fields): { readonly close?: true } {
  return extension(fields)?.flag("close") ? { close: true } : {};
}

function readMembers(fields: Fields) {
  return {
    rooms: fields.rooms(),
    exceptRooms: fields.exceptRooms(),
    namespace: fields.namespace(),
    hostId: fields.hostId(),
  };
}

export function readMoveMembers(method: MoveMembersMessage["method"], fields: Fields): MoveMembersMessage {
  const names = fields.strings("names").map((name) => safeName("names", name));
  return { method, names, ...readMembers(fields) };
}

export function readDisconnectMembers(fields: Fields): DisconnectMembersMessage {
  return { method: "node_disconnect", close: fields.flag("close"), ...readMembers(fields) };
}

/** Whether JSON says null for it, which Python takes for no argument. */
function isJsonNull(value: unknown): boolean {
  const view = asBytes(value) ?? toJsonView(value, "");
  return (view ?? null) === null || (typeof view === "number" && !Number.isFinite(view));
}

/** Whether JSON says a list for it. */
export function isJsonArray(value: unknown): boolean {
  return asBytes(value) === undefined && Array.isArray(toJsonView(value, ""));
}

export interface EmitFlags {
  readonly volatile?: boolean | undefined;
  readonly compress?: boolean | undefined;
}

/**
 * @param ackTimeout - milliseconds for which the sender waits for answers and counts them
 * @param number - the sender's number for it, if it keeps a history
 * @returns undefined where there is nothing to say that Python would not understand
 */
export function buildEmitExtension(
  args: readonly unknown[],
  { volatile, compress }: EmitFlags,
  ackTimeout?: number,
  number?: number,
): EmitExtension | undefined {
  const node: EmitExtension = {
    ...(volatile === true ? { volatile } : {}),
    ...(compress === undefined ? {} : { compress }),
    ...(args.length === 1 && isJsonNull(args[0]) ? { null: true } : {}),
    ...(ackTimeout === undefined ? {} : { ackTimeout: Math.ceil(ackTimeout) }),
    ...(number === undefined ? {} : { sequence: number }),
  };
  return Object.keys(node).length === 0 ? undefined : node;
}
