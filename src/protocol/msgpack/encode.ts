import { BridgeError } from "../../errors.js";
import type { CallbackRef, DisconnectMembersMessage, MoveMembersMessage, WireRoom } from "../model/messages.js";
import { nodeObjectOf } from "../model/node-extension.js";
import {
  checkEvent,
  checkName,
  checkRoom,
  encodeOrThrow,
  type OutgoingCommand,
  type OutgoingEmit,
  type OutgoingMessage,
} from "../model/outgoing.js";
import { type ScalarEncoder, toJsonValue } from "../values/json-value.js";
import { packMap } from "./pack.js";

type MessageFields = Readonly<Record<string, unknown>>;

/** JSON has a form for it, and MessagePack has none. */
class NotRepresentable extends Error {}

/** A lone surrogate is not UTF-8; JSON escapes it. */
function encodeText(text: string): string {
  if (!text.isWellFormed()) {
    throw new NotRepresentable();
  }
  return text;
}

const encodeName = (name: string): string => encodeText(checkName(name));

function is64Bit(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

function encodeRoom(room: WireRoom): string | bigint {
  const checked = checkRoom(room);
  if (typeof checked === "string") {
    return encodeText(checked);
  }
  const integer = BigInt(checked);
  if (!is64Bit(integer)) {
    throw new NotRepresentable();
  }
  return integer;
}

/** From here on JSON writes an exponent. */
const MIN_EXPONENT_NUMBER = 1e21;

/** An integer wherever JSON writes digits only and 64 bits hold them: Python distinguishes 4 from 4.0. */
function encodeNumber(value: number): number | bigint | null {
  if (!Number.isFinite(value)) {
    return null;
  }
  if (!Number.isInteger(value) || Math.abs(value) < 2 ** 31 || Math.abs(value) >= MIN_EXPONENT_NUMBER) {
    return value;
  }
  const digits = BigInt(Number.isSafeInteger(value) ? value : value.toString());
  return is64Bit(digits) ? digits : value;
}

/** @throws NotRepresentable for a string with a lone surrogate */
export const encodeScalar: ScalarEncoder = (value) => {
  if (typeof value === "string") {
    return encodeText(value);
  }
  return typeof value === "number" ? encodeNumber(value) : value;
};

/** Arguments: each may have as many levels as the only one of an emit. */
const encodeList = (args: readonly unknown[]): unknown => toJsonValue(args, encodeScalar, "", 0);

/** The same forms of `data` as `encodePayload` writes in JSON, with bytes in place instead of placeholders. */
function encodeData(args: readonly unknown[]): unknown {
  if (args.length === 0) {
    return null;
  }
  if (args.length > 1) {
    return encodeList(args);
  }
  const only = toJsonValue(args[0], encodeScalar, 0) ?? null;
  return Array.isArray(only) ? [only] : only;
}

/** null, one item, or a list. */
function encodeOneOrMany(items: readonly unknown[]): unknown {
  return items.length > 1 ? items : (items[0] ?? null);
}

function encodeCallbackRef({ room, namespace, id }: CallbackRef): readonly unknown[] {
  return [room === null ? null : encodeRoom(room), encodeName(namespace), encodeNumber(id)];
}

/** `PubSubManager.emit`. `binary` is false: there are no attachments besides the value. */
function encodeEmit(message: OutgoingEmit): MessageFields {
  return {
    event: encodeText(checkEvent(message.event)),
    data: encodeData(message.args),
    binary: false,
    namespace: encodeName(message.namespace),
    room: encodeOneOrMany((message.rooms ?? []).map(encodeRoom)),
    skip_sid: encodeOneOrMany(message.skipSids.map(encodeName)),
    callback: message.callback === null ? null : encodeCallbackRef(message.callback),
    ...(message.exceptRooms.length > 0 ? { except: message.exceptRooms.map(encodeName) } : {}),
    ...encodeNode(message),
  };
}

function encodeNode(message: OutgoingEmit | OutgoingCommand): MessageFields {
  const node = nodeObjectOf(message);
  return node === undefined ? {} : { node: toJsonValue(node, encodeScalar) };
}

/** `PubSubManager.enter_room`, `leave_room`, `close_room` and `disconnect` */
function encodeCommand(message: OutgoingCommand): MessageFields {
  return {
    ...(message.method === "close_room" ? {} : { sid: encodeName(message.sid) }),
    ...(message.method === "disconnect" ? {} : { room: encodeRoom(message.room) }),
    namespace: encodeName(message.namespace),
    ...encodeNode(message),
  };
}

/** `node_join`, `node_leave` and `node_disconnect`, which only Node hosts read. */
function encodeMembersCommand(message: MoveMembersMessage | DisconnectMembersMessage): MessageFields {
  return {
    room: encodeOneOrMany((message.rooms ?? []).map(encodeRoom)),
    except: message.exceptRooms.map(encodeName),
    ...(message.method === "node_disconnect" ? { close: message.close } : { names: message.names.map(encodeName) }),
    namespace: encodeName(message.namespace),
  };
}

function encodeFields(message: OutgoingMessage): MessageFields {
  switch (message.method) {
    case "emit":
      return encodeEmit(message);
    case "callback": {
      const [sid, namespace, id] = encodeCallbackRef(message.callback);
      return { sid, namespace, id, args: encodeList(message.args) };
    }
    case "disconnect":
    case "enter_room":
    case "leave_room":
    case "close_room":
      return encodeCommand(message);
    case "node_join":
    case "node_leave":
    case "node_disconnect":
      return encodeMembersCommand(message);
    case "node_checkpoint":
      return { number: message.number };
    default:
      return message satisfies never;
  }
}

/**
 * One message as MessagePack, with the content that `encodeJson` writes in the newest dialect.
 *
 * @returns undefined for what only JSON has a form for: an integer room beyond 64 bits, a lone surrogate
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what neither has a form for
 */
export function encodeMsgpack(message: OutgoingMessage): Uint8Array | undefined {
  const { method, hostId } = message;
  try {
    return encodeOrThrow(message, "MessagePack", () => {
      const sender = hostId === undefined ? {} : { host_id: encodeName(hostId) };
      return packMap({ method, ...encodeFields(message), ...sender });
    });
  } catch (error) {
    if (error instanceof BridgeError && error.cause instanceof NotRepresentable) {
      return undefined;
    }
    throw error;
  }
}
