import { quote } from "../util/quote.js";
import { decodeJson } from "./json/decode.js";
import { type Decoded, type DecodedValue, decodeUntrusted } from "./model/decoded.js";
import type { Dialect } from "./model/dialect.js";
import { detectPayloadForm, readEmitEnvelope } from "./model/emit-envelope.js";
import type { Fields } from "./model/fields.js";
import type { LegacyPickle } from "./model/legacy-pickle-modes.js";
import type { CallbackMessage, EmitEnvelope, EmitMessage, EmitPayload, Message } from "./model/messages.js";
import { isForPython, readDisconnectMembers, readMoveMembers } from "./model/node-extension.js";
import { RejectionError } from "./model/rejection.js";
import { decodeMsgpack, isMsgpack } from "./msgpack/decode.js";
import { describePickle, isPickle, unpickle } from "./pickle/unpickle.js";

/** What the bytes of a message do not tell. */
export interface DecodeOptions {
  readonly legacyPickle: LegacyPickle;
  readonly dialect: Dialect;
}

const DEFAULT_OPTIONS: DecodeOptions = { legacyPickle: "refuse", dialect: "5.15" };

/** The first byte tells the encoding; docs/protocol.md, "Encodings". */
function decodeValue(payload: Uint8Array, maxSize: number, { legacyPickle }: DecodeOptions): DecodedValue {
  if (isPickle(payload)) {
    if (legacyPickle === "refuse") {
      throw new RejectionError("pickle", describePickle(payload));
    }
    return unpickle(payload, maxSize);
  }
  return isMsgpack(payload) ? decodeMsgpack(payload, maxSize) : decodeJson(payload);
}

function readPayload(
  fields: Fields,
  envelope: EmitEnvelope,
  { isDataTuple }: DecodedValue,
  dialect: Dialect,
): EmitPayload {
  const data = fields.get("data");
  if (data === undefined) {
    throw new RejectionError("wrong_type", "data is missing");
  }
  if (isDataTuple !== undefined) {
    // Releases that write pickles do not know the key `binary`: bytes stand in the value.
    return { data, form: isDataTuple ? "tuple" : "single-argument", binary: false };
  }
  return { data, form: detectPayloadForm(envelope, dialect), binary: fields.boolean("binary") };
}

/** `PubSubManager._handle_emit` */
function readEmit(fields: Fields, decoded: DecodedValue, dialect: Dialect): EmitMessage {
  const envelope = readEmitEnvelope(fields);
  return { ...envelope, payload: readPayload(fields, envelope, decoded, dialect) };
}

/** `PubSubManager._handle_callback` */
function readCallback(fields: Fields): CallbackMessage {
  const id = fields.get("id");
  const args = fields.get("args");
  if (!Number.isSafeInteger(id) || !Array.isArray(args)) {
    throw new RejectionError("wrong_type", `id is ${quote(id)} and args is ${quote(args)}, not an integer and a list`);
  }
  const room = fields.get("sid") === null ? null : fields.room("sid");
  return {
    method: "callback",
    callback: { room, namespace: fields.namespace(), id: id as number },
    args,
    hostId: fields.hostId(),
  };
}

/** What a Node host may publish for Python hosts alone. */
const PYTHON_METHODS: ReadonlySet<string | undefined> = new Set([
  "emit",
  "disconnect",
  "enter_room",
  "leave_room",
  "close_room",
]);

/** `PubSubManager._thread` */
function readMessage(fields: Fields, decoded: DecodedValue, dialect: Dialect): Message | undefined {
  const method = fields.get("method") === undefined ? undefined : fields.string("method");
  const sender = () => ({ namespace: fields.namespace(), hostId: fields.hostId() });
  if (PYTHON_METHODS.has(method) && isForPython(fields)) {
    return undefined;
  }
  switch (method) {
    case "emit":
      return readEmit(fields, decoded, dialect);
    case "callback":
      return readCallback(fields);
    case "disconnect":
      return { method, sid: fields.string("sid"), ...sender() };
    case "enter_room":
    case "leave_room":
      return { method, sid: fields.string("sid"), room: fields.room("room"), ...sender() };
    case "close_room":
      return { method, room: fields.room("room"), ...sender() };
    case "node_join":
    case "node_leave":
      return readMoveMembers(method, fields);
    case "node_disconnect":
      return readDisconnectMembers(fields);
    case "edge_mark":
      return { method, mark: fields.string("mark"), hostId: fields.hostId() };
    case "node_checkpoint":
      return { method, number: fields.wholeNumber("number"), hostId: fields.hostId() };
    default:
      return undefined;
  }
}

/**
 * Decodes one message of the channel, in any encoding. Untrusted input. Never throws.
 *
 * The payload of an emit stays as it is; `decodePayload` reads it when a client of this host is to get it.
 *
 * @param maxSize - bytes; a larger message is rejected unread
 */
export function decode(payload: Uint8Array, maxSize: number, options = DEFAULT_OPTIONS): Decoded<Message> {
  return decodeUntrusted(payload, maxSize, {
    senderKey: "host_id",
    decodeValue: () => decodeValue(payload, maxSize, options),
    readMessage: (fields, decoded) => readMessage(fields, decoded, options.dialect),
  });
}
