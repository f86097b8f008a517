import type { Adapter } from "socket.io-adapter";
import { checkJson, WHITE_SPACE } from "../../protocol/json/check-json.js";
import type { ScannedEmit } from "../../protocol/json/scanned-emit.js";
import { roomName } from "../../protocol/model/messages.js";
import { namespaceOf } from "../clients/namespace.js";
import { type PreparedEvent, prepareBytes } from "../clients/prepared-event.js";
import { hasDefaultParser } from "../clients/private-fields.js";
import { exceptionsOf, hasRecipient } from "../clients/recipients.js";
import { sendPrepared } from "../clients/send-prepared.js";

const NULL = Buffer.from("null");
const NOTHING = Buffer.alloc(0);

const OPEN_BRACKET = 0x5b;

function trim(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length];
  while (WHITE_SPACE[bytes[start] as number] === 1) {
    start += 1;
  }
  while (WHITE_SPACE[bytes[end - 1] as number] === 1) {
    end -= 1;
  }
  return bytes.subarray(start, end);
}

/** The arguments as they stand between the brackets of a list: what `decodePayload` does, on the text. */
function argumentsOf({ envelope, form }: ScannedEmit, data: Buffer): Buffer {
  const value = trim(data);
  const args = form === "argument-list" && value[0] === OPEN_BRACKET ? trim(value.subarray(1, -1)) : value;
  // As `decodeEvent`.
  return args.length > 0 && !args.equals(NULL) ? args : envelope.node?.null === true ? NULL : NOTHING;
}

function prepare(adapter: Adapter, emit: ScannedEmit, message: Buffer): PreparedEvent | undefined {
  const { dataStart, dataEnd } = emit;
  const check = checkJson(message, dataStart, dataEnd);
  if (check === undefined) {
    return undefined;
  }
  const args = argumentsOf(emit, message.subarray(dataStart, dataEnd));
  return prepareBytes(namespaceOf(adapter).name, emit.envelope.event, args, check === "ascii");
}

/**
 * Gives clients an emit of another host without decoding it: they get the arguments as they stand in the message, byte
 * for byte. So integers beyond 2^53 and `1.0` arrive as they were written, too.
 *
 * @param message - as it came over the channel
 * @returns `false` for what has to be decoded; nothing was done then
 */
export function passThrough(adapter: Adapter, emit: ScannedEmit, message: Buffer): boolean {
  const { envelope } = emit;
  const rooms = envelope.rooms?.map(roomName) ?? [];
  if (!hasRecipient(adapter, rooms)) {
    return true;
  }
  const prepared = hasDefaultParser(adapter) ? prepare(adapter, emit, message) : undefined;
  if (prepared === undefined) {
    return false;
  }
  sendPrepared(
    adapter,
    prepared,
    { rooms: new Set(rooms), except: exceptionsOf(adapter, envelope) },
    envelope.node ?? {},
  );
  return true;
}
