import { quote } from "../../util/quote.js";
import { type Dialect, payloadForm } from "./dialect.js";
import { type Fields, RejectionError, safeName } from "./fields.js";
import { isNodeName } from "./host-id.js";
import { type EmitEnvelope, type PayloadForm, RESERVED_EVENTS } from "./messages.js";
import { readExtension } from "./node-extension.js";

/** @throws Refusal for an emit that is none */
export function readEnvelope(fields: Fields): EmitEnvelope {
  const event = safeName("event", fields.string("event"));
  if (RESERVED_EVENTS.has(event)) {
    throw new RejectionError("reserved_event", `${quote(event)} is an event of Socket.IO itself`);
  }
  return {
    method: "emit",
    event,
    namespace: fields.namespace(),
    rooms: fields.rooms(),
    skipSids: fields.skipSids(),
    exceptRooms: fields.exceptRooms(),
    callback: fields.callback(),
    ...readExtension(fields),
    hostId: fields.hostId(),
  };
}

/** How `data` in JSON or MessagePack stands for the arguments. */
export function formOf({ node, hostId }: EmitEnvelope, dialect: Dialect): PayloadForm {
  if (node?.list === true) {
    return "argument";
  }
  const isOfNode = hostId !== undefined && isNodeName(hostId);
  return payloadForm(isOfNode ? "5.15" : dialect);
}
