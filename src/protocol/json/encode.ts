import { BridgeError } from "../../errors.js";
import { surveyJson, WEIGHED_SIZE } from "../../util/survey-json.js";
import { TOO_HEAVY } from "../../util/weight.js";
import { assertReadableIn, type Dialect, payloadFormOf } from "../model/dialect.js";
import type {
  CallbackMessage,
  CallbackRef,
  DisconnectMembersMessage,
  MoveMembersMessage,
  WireRoom,
} from "../model/messages.js";
import { nodeObjectOf } from "../model/node-extension.js";
import {
  checkEvent,
  checkName,
  checkRoom,
  type EncodedEmit,
  encodeOrThrow,
  type OutgoingCommand,
  type OutgoingEmit,
  type OutgoingMessage,
} from "../model/outgoing.js";
import { hasBinary, isJsonArray } from "../values/json-value.js";
import { LISTED_NAMES, MAX_DEPTH, TOO_MANY_NAMES } from "../values/limits.js";
import { UnreadableValue } from "../values/unreadable-value.js";
import { type EncodedPayload, encodePayload } from "./encode-payload.js";
import { stringifySafely } from "./stringify.js";

function encodeName(name: string): string {
  return JSON.stringify(checkName(name));
}

function encodeRoom(room: WireRoom): string {
  const checked = checkRoom(room);
  return typeof checked === "string" ? encodeName(checked) : checked.toString();
}

/** null, one item, or a list, which Python reads from 5.3 on. */
function encodeOneOrMany(items: readonly string[]): string {
  if (items.length === 0) {
    return "null";
  }
  return items.length === 1 ? (items[0] as string) : `[${items.join(",")}]`;
}

function encodeCallbackRef({ room, namespace, id }: CallbackRef): string {
  return `[${room === null ? "null" : encodeRoom(room)},${encodeName(namespace)},${id}]`;
}

/** `PubSubManager.emit` */
function encodeEmitFields(message: OutgoingEmit, payload: EncodedPayload, dialect: Dialect): string {
  const isListArgument = payloadFormOf(dialect) === "single-argument" && isJsonArray(message.args[0]);
  const node = isListArgument ? { ...nodeObjectOf(message), list: true } : nodeObjectOf(message);
  const fields = [
    `"event":${JSON.stringify(checkEvent(message.event))}`,
    payload.fieldsJson,
    `"namespace":${encodeName(message.namespace)}`,
    `"room":${encodeOneOrMany((message.rooms ?? []).map(encodeRoom))}`,
    `"skip_sid":${encodeOneOrMany(message.skipSids.map(encodeName))}`,
    `"callback":${message.callback === null ? "null" : encodeCallbackRef(message.callback)}`,
  ];
  if (message.exceptRooms.length > 0) {
    fields.push(`"except":${JSON.stringify(message.exceptRooms)}`);
  }
  if (node !== undefined) {
    fields.push(`"node":${JSON.stringify(node)}`);
  }
  return fields.join(",");
}

/** `PubSubManager._return_callback` */
function encodeCallback({ callback: { room, namespace, id }, args }: CallbackMessage): string {
  if (hasBinary(args)) {
    throw new BridgeError(
      "BRIDGE_INVALID_ARGUMENT",
      'JSON has no form for an acknowledgement with bytes in it; the encoding "msgpack" has one',
    );
  }
  const sid = room === null ? "null" : encodeRoom(room);
  return `"sid":${sid},"namespace":${encodeName(namespace)},"id":${id},"args":${stringifySafely(args)}`;
}

/** `PubSubManager.enter_room`, `leave_room`, `close_room` and `disconnect` */
function encodeCommand(message: OutgoingCommand): string {
  const node = nodeObjectOf(message);
  return [
    ...(message.method === "close_room" ? [] : [`"sid":${encodeName(message.sid)}`]),
    ...(message.method === "disconnect" ? [] : [`"room":${encodeRoom(message.room)}`]),
    `"namespace":${encodeName(message.namespace)}`,
    ...(node === undefined ? [] : [`"node":${JSON.stringify(node)}`]),
  ].join(",");
}

/** `node_join`, `node_leave` and `node_disconnect`, which only Node hosts read. */
function encodeMembersCommand(message: MoveMembersMessage | DisconnectMembersMessage): string {
  return [
    `"room":${encodeOneOrMany((message.rooms ?? []).map(encodeRoom))}`,
    `"except":${JSON.stringify(message.exceptRooms)}`,
    message.method === "node_disconnect"
      ? `"close":${message.close}`
      : `"names":[${message.names.map(encodeName).join(",")}]`,
    `"namespace":${encodeName(message.namespace)}`,
  ].join(",");
}

function encodeFields(message: Exclude<OutgoingMessage, OutgoingEmit>): string {
  switch (message.method) {
    case "callback":
      return encodeCallback(message);
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
      return `"number":${message.number}`;
    default:
      return message satisfies never;
  }
}

/** @throws UnreadableValue for so many values that readers reject them */
function assertBearable(message: string): void {
  const { isTooHeavy, hasLongLists } = surveyJson(Buffer.from(message), MAX_DEPTH, LISTED_NAMES);
  if (isTooHeavy || hasLongLists) {
    throw new UnreadableValue(isTooHeavy ? TOO_HEAVY : TOO_MANY_NAMES);
  }
}

/** A shorter message can neither weigh too much nor list too many names, of which each takes two bytes at least. */
const BEARABLE_SIZE = Math.min(WEIGHED_SIZE, 2 * LISTED_NAMES.maxItems);

/** @throws UnreadableValue */
function wrapFields({ method, hostId }: OutgoingMessage, fields: string): string {
  const message = `{"method":"${method}",${fields}${hostId === undefined ? "" : `,"host_id":${encodeName(hostId)}`}}`;
  if (message.length >= BEARABLE_SIZE) {
    assertBearable(message);
  }
  return message;
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what JSON or the dialect has no form for */
export function encodeJsonEmit(message: OutgoingEmit, dialect: Dialect): EncodedEmit & { readonly payload: string } {
  return encodeOrThrow(message, "JSON", () => {
    assertReadableIn(dialect, message);
    const payload = encodePayload(message.args, payloadFormOf(dialect));
    return { payload: wrapFields(message, encodeEmitFields(message, payload, dialect)), argsJson: payload.argsJson };
  });
}

/**
 * One message as JSON text: in the form that all releases of python-socketio read alike if there is one, else in that of
 * the dialect.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what JSON or the dialect has no form for
 */
export function encodeJson(message: OutgoingMessage, dialect: Dialect = "5.15"): string {
  return message.method === "emit"
    ? encodeJsonEmit(message, dialect).payload
    : encodeOrThrow(message, "JSON", () => wrapFields(message, encodeFields(message)));
}
