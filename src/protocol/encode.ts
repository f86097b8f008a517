import { BridgeError } from "../errors.js";
import { hasBinary } from "./binary.js";
import {
  type AckTicket,
  type CallbackMessage,
  type CloseRoomMessage,
  type DisconnectMessage,
  type EmitMessage,
  type MoveRoomMessage,
  quote,
  RESERVED_EVENTS,
  type WireRoom,
} from "./messages.js";
import { encodePayload } from "./payload.js";

/** An emit with its arguments still to be encoded. */
export type OutgoingEmit = Omit<EmitMessage, "payload"> & { readonly args: readonly unknown[] };

/** Everything a host can say. */
export type OutgoingMessage = OutgoingEmit | CallbackMessage | DisconnectMessage | MoveRoomMessage | CloseRoomMessage;

/** JavaScript callers pass what they have; `undefined` in a JSON text would be no JSON, and lost at every reader. */
function text(value: string): string {
  if (typeof value !== "string") {
    throw new BridgeError("INVALID_ARGUMENT", `${quote(value)} is not a string`);
  }
  return JSON.stringify(value);
}

function encodeRoom(room: WireRoom): string {
  if (typeof room === "bigint" || Number.isSafeInteger(room)) {
    return room.toString();
  }
  if (typeof room !== "string") {
    throw new BridgeError("INVALID_ARGUMENT", `the room ${quote(room)} is neither a string nor an integer`);
  }
  return text(room);
}

/** null, one, or a list, which receivers understand from 5.3 on. */
function encodeOneOrMany(items: readonly string[]): string {
  if (items.length === 0) {
    return "null";
  }
  return items.length === 1 ? (items[0] as string) : `[${items.join(",")}]`;
}

function encodeTicket({ room, namespace, id }: AckTicket): string {
  return `[${room === null ? "null" : encodeRoom(room)},${text(namespace)},${id}]`;
}

/** `PubSubManager.emit` */
function encodeEmit(message: OutgoingEmit): string {
  if (RESERVED_EVENTS.has(message.event)) {
    throw new BridgeError("INVALID_ARGUMENT", `${quote(message.event)} is an event of Socket.IO itself`);
  }
  const fields = [
    `"event":${text(message.event)}`,
    encodePayload(message.args),
    `"namespace":${text(message.namespace)}`,
    `"room":${encodeOneOrMany((message.rooms ?? []).map(encodeRoom))}`,
    `"skip_sid":${encodeOneOrMany(message.skipSids.map(text))}`,
    `"callback":${message.callback === null ? "null" : encodeTicket(message.callback)}`,
  ];
  if (message.exceptRooms.length > 0) {
    fields.push(`"except":${JSON.stringify(message.exceptRooms)}`);
  }
  return fields.join(",");
}

/** `PubSubManager._return_callback` */
function encodeCallback({ ticket, args }: CallbackMessage): string {
  if (hasBinary(args)) {
    throw new BridgeError("INVALID_ARGUMENT", "an acknowledgement with bytes in it cannot be sent to a Python host");
  }
  const sid = ticket.room === null ? "null" : encodeRoom(ticket.room);
  return `"sid":${sid},"namespace":${text(ticket.namespace)},"id":${ticket.id},"args":${JSON.stringify(args)}`;
}

/** `PubSubManager.enter_room` and `leave_room` */
function encodeMoveRoom(message: MoveRoomMessage): string {
  return `"sid":${text(message.sid)},"room":${encodeRoom(message.room)},"namespace":${text(message.namespace)}`;
}

function encodeFields(message: OutgoingMessage): string {
  switch (message.method) {
    case "emit":
      return encodeEmit(message);
    case "callback":
      return encodeCallback(message);
    case "disconnect":
      return `"sid":${text(message.sid)},"namespace":${text(message.namespace)}`;
    case "enter_room":
    case "leave_room":
      return encodeMoveRoom(message);
    case "close_room":
      return `"room":${encodeRoom(message.room)},"namespace":${text(message.namespace)}`;
    default:
      return message satisfies never;
  }
}

/**
 * One message as JSON text, in the dialect of python-socketio 5.15.1 and later, which 5.14 and older read as well
 * wherever one form serves all (see `payload.ts`).
 *
 * @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry
 */
export function encode(message: OutgoingMessage): string {
  let fields: string;
  try {
    fields = encodeFields(message);
  } catch (cause) {
    if (cause instanceof BridgeError) {
      throw cause;
    }
    const what = message.method === "emit" ? `the event ${quote(message.event)}` : `a ${message.method} message`;
    throw new BridgeError("INVALID_ARGUMENT", `${what} cannot be written as JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  const hostId = message.hostId === undefined ? "" : `,"host_id":${text(message.hostId)}`;
  return `{"method":"${message.method}",${fields}${hostId}}`;
}
