import type { CallbackRef, WireRoom } from "../../src/protocol/model/messages.js";
import type { RejectReason } from "../../src/protocol/model/rejection.js";
import { fromTyped } from "../../src/testing/typed-json.js";
import type { Case } from "./recordings.js";

/**
 * How the `data` of an emit is read: from a pickle; from JSON, with the dialect 5.14 or 5.15; or from JSON of 5.14.0 to
 * 5.15.0 with the dialect 5.15, as the newest python-socketio reads it. See docs/protocol.md, "Forms of data".
 */
export type Reading = "pickle" | "5.14" | "5.15" | "5.14 as 5.15";

/** Cases that Python reads and this package rejects: see docs/differences.md. */
export const REJECTED: ReadonlyMap<string, RejectReason> = new Map([
  ["an event that is a number", "wrong_type"],
  ["to a float room", "wrong_type"],
  ["to a boolean room", "wrong_type"],
  ["to an empty list of rooms", "wrong_type"],
  ["a dict with a key __proto__", "unsafe_name"],
]);

/** Python pickles a bytearray as a call, which is not executed. */
export const REJECTED_IN_PICKLES: ReadonlyMap<string, RejectReason> = new Map([
  ...REJECTED,
  ["a bytearray", "unsafe_pickle"],
]);

/** What the publisher is told to publish, as far as the message depends on it. */
interface Request {
  readonly event?: string;
  readonly data?: unknown;
  readonly room?: unknown;
  readonly to?: unknown;
  readonly skip_sid?: unknown;
  readonly namespace?: string;
  readonly callback?: boolean;
  readonly sid?: string;
  readonly host_id?: string;
  readonly callback_id?: number;
  readonly args?: readonly unknown[];
}

const PUBLISHER = "0123456789abcdef0123456789abcdef";

const isTuple = (typed: unknown): boolean => typeof typed === "object" && typed !== null && "$tuple" in typed;

function roomOf(typed: unknown): WireRoom {
  const digits = (typed as { readonly $int?: string }).$int;
  return digits === undefined ? (typed as WireRoom) : BigInt(digits);
}

/** One item, or the items of a list or a tuple. */
function itemsOf(typed: unknown): readonly unknown[] {
  return [(typed as { readonly $tuple?: unknown } | null)?.$tuple ?? typed ?? []].flat();
}

/** Beside bytes, readers cannot tell data that looks like a placeholder from a placeholder. */
function replacePlaceholders(value: unknown, bytes: readonly Buffer[] = bytesIn(value)): unknown {
  if (bytes.length === 0 || typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item) => replacePlaceholders(item, bytes));
  }
  const { _placeholder, num } = value as Record<string, unknown>;
  return _placeholder === true
    ? bytes[num as number]
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replacePlaceholders(item, bytes)]));
}

function bytesIn(value: unknown): readonly Buffer[] {
  if (Buffer.isBuffer(value)) {
    return [value];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(bytesIn) : [];
}

/** The arguments that clients get. */
function argsOf(data: unknown, reading: Reading): unknown {
  if (reading === "pickle" && isTuple(data)) {
    return fromTyped(data);
  }
  // Pickles have bytes in place.
  const value = reading === "pickle" ? fromTyped(data ?? null) : replacePlaceholders(fromTyped(data ?? null));
  const isSpread = Array.isArray(value) && (reading === "5.14 as 5.15" || (reading === "5.15" && isTuple(data)));
  const args = isSpread ? value : [value];
  return args.length === 1 && args[0] === null ? [] : args;
}

/** Python counts the callbacks of each room. */
function callbackOf(
  { callback, room, to, namespace = "/" }: Request,
  issued: Map<unknown, number>,
): CallbackRef | null {
  const asked = (to ?? room) as WireRoom;
  if (callback !== true) {
    return null;
  }
  const id = (issued.get(asked) ?? 0) + 1;
  issued.set(asked, id);
  return { room: asked, namespace, id };
}

/**
 * The message of a case, with the arguments of an emit in place of its payload. It follows from what Python was told to
 * publish, not from what it has published.
 *
 * @param issued - callbacks of each room so far
 */
export function expectedOf({ op, ...rest }: Case, reading: Reading, issued: Map<unknown, number>): object {
  const request = rest as Request;
  const { event = "", data, room, to, skip_sid, namespace = "/", sid = "", host_id, callback_id, args } = request;
  const sender = { namespace, hostId: PUBLISHER };
  switch (op) {
    case "emit": {
      const rooms = itemsOf(to ?? room);
      return {
        method: "emit",
        event,
        args: argsOf(data, reading),
        rooms: rooms.length === 0 || rooms.includes(null) ? null : rooms.map(roomOf),
        skipSids: itemsOf(skip_sid).filter((skipped) => skipped !== null),
        exceptRooms: [],
        callback: callbackOf(request, issued),
        ...sender,
      };
    }
    case "answer": {
      const callback = { room: roomOf(room), namespace, id: callback_id };
      return { method: "callback", callback, args: fromTyped(args), hostId: host_id };
    }
    case "enter_room":
    case "leave_room":
      return { method: op, sid, room: roomOf(room), ...sender };
    case "close_room":
      return { method: op, room: roomOf(room), ...sender };
    case "disconnect":
      return { method: op, sid, ...sender };
    default:
      return op satisfies never;
  }
}
