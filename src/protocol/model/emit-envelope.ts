import { quote } from "../../util/quote.js";
import { type Dialect, payloadFormOf } from "./dialect.js";
import type { Fields } from "./fields.js";
import { isNodeHostId } from "./host-id.js";
import { type EmitEnvelope, type PayloadForm, RESERVED_EVENTS } from "./messages.js";
import { readEmitExtension } from "./node-extension.js";
import { RejectionError } from "./rejection.js";

/**
 * All fields of an emit but `data` and `binary`: `PubSubManager._handle_emit`.
 *
 * @throws RejectionError
 */
export function readEmitEnvelope(fields: Fields): EmitEnvelope {
  const event = fields.string("event");
  if (RESERVED_EVENTS.has(event)) {
    throw new RejectionError("reserved_event", `${quote(event)} is a reserved event name`);
  }
  return {
    method: "emit",
    event,
    namespace: fields.namespace(),
    rooms: fields.rooms(),
    skipSids: fields.skipSids(),
    exceptRooms: fields.exceptRooms(),
    callback: fields.callback(),
    ...readEmitExtension(fields),
    hostId: fields.hostId(),
  };
}

/** What `data` of a received emit means in JSON or MessagePack. Node hosts write the newest form, or say so in `node`. */
export function detectPayloadForm({ node, hostId }: EmitEnvelope, dialect: Dialect): PayloadForm {
  if (node?.list === true) {
    return "single-argument";
  }
  const isFromNode = hostId !== undefined && isNodeHostId(hostId);
  return payloadFormOf(isFromNode ? "5.15" : dialect);
}
