import { BridgeError } from "../../errors.js";
import { checkDialect, type Dialect, payloadForm } from "../model/dialect.js";
import type {
  AckTicket,
  CallbackMessage,
  DisconnectMembersMessage,
  DisconnectMessage,
  MoveMembersMessage,
  MoveRoomMessage,
  WireRoom,
} from "../model/messages.js";
import { isJsonArray } from "../model/node-extension.js";
import {
  checkEvent,
  checkName,
  checkRoom,
  encodeOrThrow,
  type OutgoingEmit,
  type OutgoingMessage,
} from "../model/outgoing.js";
import { encodePayload, type PayloadText } from "../payload.js";
import { hasBinary } from "./attachments.js";

function text(value: string): string {
  return JSON.stringify(checkName(value));
}

function encodeRoom(room: WireRoom): string {
  const checked = checkRoom(room);
  return typeof checked === "string" ? text(checked) : checked.toString();
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
function encodeEmitFields(message: OutgoingEmit, payload: PayloadText, dialect: Dialect): string {
  const form = payloadForm(dialect);
  const fields = [
    `"event":${JSON.stringify(checkEvent(message.event))}`,
    payload.fields,
    `"namespace":${text(message.namespace)}`,
    `"room":${encodeOneOrMany((message.rooms ?? []).map(encodeRoom))}`,
    `"skip_sid":${encodeOneOrMany(message.skipSids.map(text))}`,
    `"callback":${message.callback === null ? "null" : encodeTicket(message.callback)}`,
  ];
  if (message.exceptRooms.length > 0) {
    fields.push(`"except":${JSON.stringify(message.exceptRooms)}`);
  }
  const node = form === "argument" && isJsonArray(message.args[0]) ? { ...message.node, list: true } : message.node;
  if (node !== undefined) {
    fields.push(`"node":${JSON.stringify(node)}`);
  }
  return fields.join(",");
}

/** `PubSubManager._return_callback` */
function encodeCallback({ ticket, args }: CallbackMessage): string {
  if (hasBinary(args)) {
    throw new BridgeError(
      "BRIDGE_INVALID_ARGUMENT",
      'an acknowledgement with bytes in it cannot be said in JSON; the encoding "msgpack" can',
    );
  }
  const sid = ticket.room === null ? "null" : encodeRoom(ticket.room);
  return `"sid":${sid},"namespace":${text(ticket.namespace)},"id":${ticket.id},"args":${JSON.stringify(args)}`;
}

/** `PubSubManager.enter_room` and `leave_room` */
function encodeMoveRoom(message: MoveRoomMessage): string {
  return `"sid":${text(message.sid)},"room":${encodeRoom(message.room)},"namespace":${text(message.namespace)}`;
}

/** `PubSubManager.disconnect` */
function encodeDisconnect({ sid, namespace, close }: DisconnectMessage): string {
  return `"sid":${text(sid)},"namespace":${text(namespace)}${close === true ? ',"node":{"close":true}' : ""}`;
}

/** What only Node hosts read. */
function encodeMembers(message: MoveMembersMessage | DisconnectMembersMessage): string {
  const whom = `"room":${encodeOneOrMany((message.rooms ?? []).map(encodeRoom))},"except":${JSON.stringify(message.exceptRooms)}`;
  const what =
    message.method === "node_disconnect"
      ? `"close":${message.close}`
      : `"names":[${message.names.map(text).join(",")}]`;
  return `${whom},${what},"namespace":${text(message.namespace)}`;
}

function encodeFields(message: Exclude<OutgoingMessage, OutgoingEmit>): string {
  switch (message.method) {
    case "callback":
      return encodeCallback(message);
    case "disconnect":
      return encodeDisconnect(message);
    case "enter_room":
    case "leave_room":
      return encodeMoveRoom(message);
    case "close_room":
      return `"room":${encodeRoom(message.room)},"namespace":${text(message.namespace)}`;
    case "node_join":
    case "node_leave":
    case "node_disconnect":
      return encodeMembers(message);
    case "node_checkpoint":
      return `"number":${message.number}`;
    default:
      return message satisfies never;
  }
}

function writeMessage({ method, hostId }: OutgoingMessage, fields: string): string {
  return `{"method":"${method}",${fields}${hostId === undefined ? "" : `,"host_id":${text(hostId)}`}}`;
}

/** An emit as it is said on the channel. */
export interface EncodedEmit {
  readonly payload: Uint8Array | string;
  /** See `PayloadText`. */
  readonly list: string | undefined;
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel or the dialect cannot carry */
export function encodeEmit(message: OutgoingEmit, dialect: Dialect): EncodedEmit & { readonly payload: string } {
  return encodeOrThrow(message, "JSON", () => {
    checkDialect(message, dialect);
    const payload = encodePayload(message.args, payloadForm(dialect));
    return { payload: writeMessage(message, encodeEmitFields(message, payload, dialect)), list: payload.list };
  });
}

/**
 * One message as JSON text, in a form that all releases of python-socketio read alike wherever there is one (see
 * `payload.ts`), else in that of the dialect.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel or the dialect cannot carry
 */
export function encode(message: OutgoingMessage, dialect: Dialect = "5.15"): string {
  return message.method === "emit"
    ? encodeEmit(message, dialect).payload
    : encodeOrThrow(message, "JSON", () => writeMessage(message, encodeFields(message)));
}
