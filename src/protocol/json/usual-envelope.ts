import type { Dialect } from "../model/dialect.js";
import { formOf } from "../model/emit-fields.js";
import { type EmitEnvelope, RESERVED_EVENTS } from "../model/messages.js";
import { isUnsafeName } from "./parse.js";
import type { ScannedEmit } from "./scan-emit.js";

/** Bytes that are looked at before the payload and after it; longer names are read by `scanAnyEmit`. */
const MAX_HEAD = 120;
const MAX_TAIL = 400;

/** A text of nothing but plain ASCII, without the quotes. */
const NAME = '([^"\\\\\\x00-\\x1f\\x7f-\\xff]*)';

/** With the spaces of Python's `json`, or without, as other encoders and this package write. */
const HEAD = new RegExp(`^\\{"method": ?"emit", ?"event": ?"${NAME}", ?"data": ?`);
const TAIL = new RegExp(
  [
    '^"binary": ?false',
    `"namespace": ?"${NAME}"`,
    `"room": ?(?:null|"${NAME}")`,
    `"skip_sid": ?(?:null|"${NAME}")`,
    '"callback": ?null',
    '"host_id": ?"([\\w-]{1,64})"\\}$',
  ].join(", ?"),
);
const FIRST_OF_TAIL = '"binary"';

const COMMA = 0x2c;
const SPACE = 0x20;

function envelopeOf(event: string, tail: RegExpExecArray): EmitEnvelope | undefined {
  const [, namespace, room, skipSid, hostId] = tail;
  if (RESERVED_EVENTS.has(event) || isUnsafeName(event) || isUnsafeName(namespace) || isUnsafeName(room)) {
    return undefined;
  }
  return {
    method: "emit",
    event,
    namespace: namespace as string,
    rooms: room === undefined ? null : [room],
    skipSids: skipSid === undefined ? [] : [skipSid],
    exceptRooms: [],
    callback: null,
    hostId,
  };
}

/**
 * `scanEmit` of what nearly all messages look like: of python-socketio since 5.14.2 and of this package, to one room or
 * to everyone, with plain names, without an acknowledgement. It is several times faster.
 *
 * The last `"binary"` of the message, with these pairs and one brace after it up to the end, belongs to the message itself
 * if that is valid: it begins a text, since a comma or a space before it escapes nothing, and no word may follow the end of
 * another; and it is in no other list or object, since nothing closes one behind it. Of two keys of one name the last one
 * holds, so whom the message is for is what is said there. What else there may be before, `scanEmit` says.
 */
export function scanUsualEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
  const head = HEAD.exec(message.toString("latin1", 0, MAX_HEAD));
  if (head === null) {
    return undefined;
  }
  const tailStart = Math.max(0, message.length - MAX_TAIL);
  const text = message.toString("latin1", tailStart);
  const found = text.lastIndexOf(FIRST_OF_TAIL);
  const tail = found === -1 ? null : TAIL.exec(text.slice(found));
  if (tail === null) {
    return undefined;
  }
  const binary = tailStart + found;
  const start = head[0].length;
  const end = (message[binary - 1] === SPACE ? binary - 1 : binary) - 1;
  if (end <= start || message[end] !== COMMA) {
    return undefined;
  }
  const envelope = envelopeOf(head[1] as string, tail);
  return envelope && { envelope, form: formOf(envelope, dialect), start, end };
}
