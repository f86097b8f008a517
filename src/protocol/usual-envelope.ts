import type { Dialect } from "./dialect.js";
import { formOf } from "./emit-fields.js";
import type { ScannedEmit } from "./envelope.js";
import { isUnsafeName } from "./json.js";
import { type EmitEnvelope, RESERVED_EVENTS } from "./messages.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

/** How an emit begins in Python's `json`, and in encoders that write no spaces. */
const SPELLINGS = ([" ", ""] as const).map((space) => ({
  head: Buffer.from(`{"method":${space}"emit",${space}"event":${space}"`),
  middle: Buffer.from(`,${space}"data":${space}`),
}));

const [BINARY, NAMESPACE, ROOM, SKIP_SID, CALLBACK, HOST_ID] = [
  ...["binary", "namespace", "room", "skip_sid", "callback", "host_id"],
].map((key) => Buffer.from(`"${key}"`)) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];

const NULL = Buffer.from("null");
const FALSE = Buffer.from("false");

/** Bytes after the payload, and of any name. */
const MAX_TAIL = 500;

const NOWHERE = -1;

function holds(message: Uint8Array, start: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (message[start + index] !== expected[index]) {
      return false;
    }
  }
  return true;
}

/** Of a string of nothing but plain ASCII, the closing quote. @param start - just after the opening one */
function closingQuote(message: Uint8Array, start: number): number {
  let position = start;
  for (;;) {
    const byte = message[position] as number;
    if (byte === QUOTE) {
      return position;
    }
    // Beyond the end of the message there is no byte.
    if (!(byte >= SPACE && byte < 0x7f) || byte === BACKSLASH || position - start > MAX_TAIL) {
      return NOWHERE;
    }
    position += 1;
  }
}

/** The last one in the message of the key that follows the payload. */
function lastBinary(message: Uint8Array): number {
  const bound = Math.max(0, message.length - MAX_TAIL);
  for (let position = message.length - BINARY.length; position >= bound; position -= 1) {
    if (message[position] === QUOTE && message[position + 1] === 0x62 && holds(message, position, BINARY)) {
      return position;
    }
  }
  return NOWHERE;
}

const HOST = /^[\w-]{1,64}$/;

/** What is after the payload, with the values as they were found: undefined is not there. */
class Tail {
  namespace: string | undefined;
  room: string | null | undefined;
  skipSid: string | null | undefined;
  hasNoCallback = false;
  hostId: string | undefined;

  /** @returns whether the value is one that such a key usually has */
  put(message: Uint8Array, key: number, value: string | null | false): boolean {
    if (holds(message, key, ROOM) && value !== false) {
      this.room = value;
    } else if (holds(message, key, NAMESPACE) && typeof value === "string") {
      this.namespace = value;
    } else if (holds(message, key, SKIP_SID) && value !== false) {
      this.skipSid = value;
    } else if (holds(message, key, HOST_ID) && typeof value === "string") {
      this.hostId = value;
    } else if (holds(message, key, CALLBACK) && value === null) {
      this.hasNoCallback = true;
    } else {
      return holds(message, key, BINARY) && value === false;
    }
    return true;
  }

  envelope(event: string): EmitEnvelope | undefined {
    const { namespace, room, skipSid, hostId } = this;
    if (namespace === undefined || room === undefined || skipSid === undefined || hostId === undefined) {
      return undefined;
    }
    if (!this.hasNoCallback || !HOST.test(hostId) || [event, namespace, room].some(isUnsafeName)) {
      return undefined;
    }
    return {
      method: "emit",
      event,
      namespace,
      rooms: room === null ? null : [room],
      skipSids: skipSid === null ? [] : [skipSid],
      exceptRooms: [],
      callback: null,
      hostId,
    };
  }
}

/** Past one space, which Python's `json` writes after commas and colons. */
const afterSpace = (message: Uint8Array, position: number): number =>
  message[position] === SPACE ? position + 1 : position;

/**
 * Reads pairs up to the end of the message.
 *
 * @param start - of the first key
 */
function readTail(message: Buffer, start: number): Tail | undefined {
  const tail = new Tail();
  let position = start;
  for (;;) {
    const keyEnd = message[position] === QUOTE ? closingQuote(message, position + 1) : NOWHERE;
    if (keyEnd === NOWHERE || message[keyEnd + 1] !== COLON) {
      return undefined;
    }
    const at = afterSpace(message, keyEnd + 2);
    let value: string | null | false;
    let end: number;
    if (message[at] === QUOTE) {
      end = closingQuote(message, at + 1) + 1;
      if (end === NOWHERE + 1) {
        return undefined;
      }
      value = message.toString("latin1", at + 1, end - 1);
    } else {
      value = message[at] === NULL[0] ? null : false;
      const word = value === null ? NULL : FALSE;
      if (!holds(message, at, word)) {
        return undefined;
      }
      end = at + word.length;
    }
    if (!tail.put(message, position, value)) {
      return undefined;
    }
    if (message[end] !== COMMA) {
      return message[end] === CLOSE_BRACE && end + 1 === message.length ? tail : undefined;
    }
    position = afterSpace(message, end + 1);
  }
}

/**
 * `scanEmit` of what nearly all messages look like: of python-socketio since 5.14.2 and of this package, to one room or
 * to everyone, with plain names, without an acknowledgement. It is several times faster.
 *
 * The last pair `"binary"` of the message and all after it are at its end, outside of any other list or object, since
 * nothing but its last brace closes anything behind them. So in a valid message they are its own, and they hold, whatever
 * comes before.
 */
export function scanUsualEmit(message: Buffer, dialect: Dialect): ScannedEmit | undefined {
  const spelling = SPELLINGS.find(({ head }) => holds(message, 0, head));
  if (spelling === undefined) {
    return undefined;
  }
  const { head, middle } = spelling;
  const eventEnd = closingQuote(message, head.length);
  const start = eventEnd + 1 + middle.length;
  const binary = lastBinary(message);
  const end = (message[binary - 1] === SPACE ? binary - 1 : binary) - 1;
  if (eventEnd === NOWHERE || !holds(message, eventEnd + 1, middle) || end <= start || message[end] !== COMMA) {
    return undefined;
  }
  const event = message.toString("latin1", head.length, eventEnd);
  const envelope = RESERVED_EVENTS.has(event) ? undefined : readTail(message, binary)?.envelope(event);
  return envelope && { envelope, form: formOf(envelope, dialect), start, end };
}
