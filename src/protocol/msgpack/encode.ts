import { BridgeError } from "../../errors.js";
import { encode } from "../json/encode.js";
import { type Leaf, toJsonValue } from "../json/to-json-value.js";
import type { AckTicket, DisconnectMembersMessage, MoveMembersMessage, WireRoom } from "../model/messages.js";
import {
  checkEvent,
  checkName,
  checkRoom,
  encodeOrThrow,
  type OutgoingEmit,
  type OutgoingMessage,
} from "../model/outgoing.js";
import { pack } from "./msgpack.js";

type Envelope = Readonly<Record<string, unknown>>;

/** JSON has a word for it, and MessagePack has none. */
class NotRepresentable extends Error {}

/** Half a surrogate pair is no UTF-8; JSON escapes it. */
function text(value: string): string {
  if (!value.isWellFormed()) {
    throw new NotRepresentable();
  }
  return value;
}

const name = (value: string): string => text(checkName(value));

function is64Bit(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

function room(value: WireRoom): string | bigint {
  const checked = checkRoom(value);
  if (typeof checked === "string") {
    return text(checked);
  }
  const integer = BigInt(checked);
  if (!is64Bit(integer)) {
    throw new NotRepresentable();
  }
  return integer;
}

/** Where JSON writes digits from here on, in place of an exponent. */
const MOST_DIGITS = 1e21;

/** JSON's digits as an integer, wherever they fit: Python tells 4 from 4.0. */
function number(value: number): number | bigint | null {
  if (!Number.isFinite(value)) {
    return null;
  }
  if (!Number.isInteger(value) || Math.abs(value) < 2 ** 31 || Math.abs(value) >= MOST_DIGITS) {
    return value;
  }
  const digits = BigInt(Number.isSafeInteger(value) ? value : value.toString());
  return is64Bit(digits) ? digits : value;
}

export const leaf: Leaf = (value) => {
  if (typeof value === "string") {
    return text(value);
  }
  return typeof value === "number" ? number(value) : value;
};

/** `encodePayload` in place: the same forms of `data`, with the bytes where they belong instead of placeholders. */
function data(args: readonly unknown[]): unknown {
  if (args.length === 0) {
    return null;
  }
  if (args.length > 1) {
    return toJsonValue(args, leaf);
  }
  const only = toJsonValue(args[0], leaf, 0) ?? null;
  return Array.isArray(only) ? [only] : only;
}

/** null, one, or a list, which receivers understand from 5.3 on. */
function oneOrMany(items: readonly unknown[]): unknown {
  return items.length > 1 ? items : (items[0] ?? null);
}

function ticket({ room: asked, namespace, id }: AckTicket): readonly unknown[] {
  return [asked === null ? null : room(asked), name(namespace), number(id)];
}

/** `PubSubManager.emit`. `binary` says that attachments stand beside the value, and here they stand in it. */
function emit(message: OutgoingEmit): Envelope {
  return {
    event: text(checkEvent(message.event)),
    data: data(message.args),
    binary: false,
    namespace: name(message.namespace),
    room: oneOrMany((message.rooms ?? []).map(room)),
    skip_sid: oneOrMany(message.skipSids.map(name)),
    callback: message.callback === null ? null : ticket(message.callback),
    ...(message.exceptRooms.length > 0 ? { except: message.exceptRooms.map(name) } : {}),
    ...(message.node === undefined ? {} : { node: message.node }),
  };
}

/** What only Node hosts read. */
function members(message: MoveMembersMessage | DisconnectMembersMessage): Envelope {
  return {
    room: oneOrMany((message.rooms ?? []).map(room)),
    except: message.exceptRooms.map(name),
    ...(message.method === "node_disconnect" ? { close: message.close } : { names: message.names.map(name) }),
    namespace: name(message.namespace),
  };
}

function fields(message: OutgoingMessage): Envelope {
  switch (message.method) {
    case "emit":
      return emit(message);
    case "callback": {
      const [sid, namespace, id] = ticket(message.ticket);
      return { sid, namespace, id, args: toJsonValue(message.args, leaf) };
    }
    case "disconnect":
      return {
        sid: name(message.sid),
        namespace: name(message.namespace),
        ...(message.close === true ? { node: { close: true } } : {}),
      };
    case "enter_room":
    case "leave_room":
      return { sid: name(message.sid), room: room(message.room), namespace: name(message.namespace) };
    case "close_room":
      return { room: room(message.room), namespace: name(message.namespace) };
    case "node_join":
    case "node_leave":
    case "node_disconnect":
      return members(message);
    case "node_checkpoint":
      return { number: message.number };
    default:
      return message satisfies never;
  }
}

function write(message: OutgoingMessage): Uint8Array {
  const { method, hostId } = message;
  return pack({ method, ...fields(message), ...(hostId === undefined ? {} : { host_id: name(hostId) }) });
}

/**
 * One message as MessagePack, which says the same as `encode` in JSON. What only JSON can say, an integer room beyond
 * 64 bits or half a surrogate pair, is said in JSON: whoever reads MessagePack reads both.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry
 */
export function encodeMsgpack(message: OutgoingMessage): Uint8Array | string {
  try {
    return encodeOrThrow(message, "MessagePack", write);
  } catch (error) {
    if (error instanceof BridgeError && error.cause instanceof NotRepresentable) {
      return encode(message);
    }
    throw error;
  }
}
