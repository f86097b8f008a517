import { quote } from "../../util/quote.js";
import { type Decoded, decodeUntrusted } from "../model/decoded.js";
import type { Fields } from "../model/fields.js";
import { RejectionError } from "../model/rejection.js";
import { decodeMsgpack } from "../msgpack/decode.js";
import type { SideChannelMessage } from "./messages.js";

function hostId(fields: Fields, key: string): string {
  const value = fields.string(key);
  if (!/^[0-9a-f]{32}$/.test(value)) {
    throw new RejectionError("wrong_type", `${key} is ${quote(value)}, not 32 hex digits`);
  }
  return value;
}

function readMessage(fields: Fields): SideChannelMessage | undefined {
  const from = hostId(fields, "from");
  const request = () => ({ from, id: fields.wholeNumber("id"), namespace: fields.namespace() });
  const addressed = () => ({ from, to: hostId(fields, "to"), id: fields.wholeNumber("id") });
  const type = fields.string("type");
  switch (type) {
    case "hello":
    case "heartbeat":
      return {
        type,
        from,
        isHost: fields.boolean("isHost"),
        interval: fields.wholeNumber("interval"),
        pythonSeenAgo: fields.get("pythonSeenAgo") === null ? null : fields.wholeNumber("pythonSeenAgo"),
        groups: fields.strings("groups"),
      };
    case "bye":
      return { type, from };
    case "fetch_sockets":
      return { type, ...request(), rooms: fields.strings("rooms"), except: fields.strings("except") };
    case "all_rooms":
      return { type, ...request() };
    case "server_side_emit":
      return { type, ...request(), args: fields.list("args"), isAcknowledged: fields.boolean("isAcknowledged") };
    case "transfer_session":
      return { type, ...request(), pid: fields.string("pid"), offset: fields.string("offset") };
    case "exported_sessions":
      return { type, from, namespace: fields.namespace(), items: fields.list("items") };
    case "group":
      return {
        type,
        from,
        group: fields.string("group"),
        to: fields.strings("to"),
        payload: fields.bytes("payload"),
      };
    case "reply":
      return {
        type,
        ...addressed(),
        part: fields.wholeNumber("part"),
        isLast: fields.boolean("isLast"),
        items: fields.list("items"),
        ...(fields.get("error") === undefined ? {} : { error: fields.string("error") }),
      };
    case "ack_count":
      return { type, ...addressed(), clients: fields.wholeNumber("clients"), isClient: fields.boolean("isClient") };
    case "ack":
      return { type, ...addressed(), sequence: fields.wholeNumber("sequence"), args: fields.list("args") };
    default:
      return undefined;
  }
}

/** Heartbeats and probes of buses are JSON on every channel, and not meant for hosts. */
const OPEN_BRACE = 0x7b;

/**
 * Decodes one message of the side channel. Untrusted input. Never throws.
 *
 * @param maxSize - bytes; a larger message is rejected unread
 */
export function decodeSideChannel(payload: Uint8Array, maxSize: number): Decoded<SideChannelMessage> {
  if (payload[0] === OPEN_BRACE && payload.byteLength <= maxSize) {
    return { kind: "ignored" };
  }
  return decodeUntrusted(payload, maxSize, {
    senderKey: "from",
    decodeValue: () => decodeMsgpack(payload, maxSize),
    readMessage,
  });
}
