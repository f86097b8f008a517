import { Fields, Refusal, safeName } from "./fields.js";
import { type DisconnectMembersMessage, type EmitExtension, type MoveMembersMessage, quote } from "./messages.js";
import { asBytes, jsonView } from "./plain.js";

/** Of another host's messages, the keys that only Node hosts write. */

/** The object `node`; its own keys from the future are passed over. */
function extension(fields: Fields): Fields | undefined {
  const value = fields.get("node") ?? null;
  if (value === null) {
    return undefined;
  }
  if (typeof value !== "object" || Array.isArray(value) || asBytes(value) !== undefined) {
    throw new Refusal("wrong_type", `node is ${quote(value)}, not an object`);
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
    ...(has("answers") ? { answers: node.whole("answers") } : {}),
    ...(has("number") ? { number: node.whole("number") } : {}),
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
function isSaidAsNull(value: unknown): boolean {
  const view = asBytes(value) ?? jsonView(value, "");
  return (view ?? null) === null || (typeof view === "number" && !Number.isFinite(view));
}

/** Whether JSON says a list for it. */
export function isSaidAsList(value: unknown): boolean {
  return asBytes(value) === undefined && Array.isArray(jsonView(value, ""));
}

export interface EmitFlags {
  readonly volatile?: boolean | undefined;
  readonly compress?: boolean | undefined;
}

/**
 * @param answers - milliseconds for which the sender waits for answers and counts them
 * @param number - the sender's number for it, if it keeps a history
 * @returns undefined where there is nothing to say that Python would not understand
 */
export function emitExtension(
  args: readonly unknown[],
  { volatile, compress }: EmitFlags,
  answers?: number,
  number?: number,
): EmitExtension | undefined {
  const node: EmitExtension = {
    ...(volatile === true ? { volatile } : {}),
    ...(compress === undefined ? {} : { compress }),
    ...(args.length === 1 && isSaidAsNull(args[0]) ? { null: true } : {}),
    ...(answers === undefined ? {} : { answers: Math.ceil(answers) }),
    ...(number === undefined ? {} : { number }),
  };
  return Object.keys(node).length === 0 ? undefined : node;
}
