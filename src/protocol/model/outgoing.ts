import { BridgeError } from "../../errors.js";
import { quote } from "../../util/quote.js";
import { MAX_INTEGER_LENGTH } from "../values/limits.js";
import {
  type CloseRoomMessage,
  type DisconnectMessage,
  type EmitMessage,
  type MarkMessage,
  type Message,
  type MoveRoomMessage,
  RESERVED_EVENTS,
  type WireRoom,
} from "./messages.js";
import { encodingFailed, UnreadableError } from "./unreadable-error.js";

interface Audience {
  /** Node hosts ignore the message: another one says the same to them. */
  readonly isForPython?: boolean;
}

/** An emit whose arguments are still to be encoded. */
export type OutgoingEmit = Omit<EmitMessage, "payload"> & Audience & { readonly args: readonly unknown[] };

/** Python's commands for one client or one room. */
export type OutgoingCommand = (DisconnectMessage | MoveRoomMessage | CloseRoomMessage) & Audience;

/** Every message that a host can publish. */
export type OutgoingMessage =
  | OutgoingEmit
  | OutgoingCommand
  | Exclude<Message, EmitMessage | DisconnectMessage | MoveRoomMessage | CloseRoomMessage | MarkMessage>;

/** An encoded emit. */
export interface EncodedEmit {
  /** The message for the channel. */
  readonly payload: Uint8Array | string;
  /** The arguments as a JSON list, which is what clients get; undefined if there are bytes among them. */
  readonly argsJson: string | undefined;
}

/**
 * Applications in JavaScript pass anything; every reader would drop a message with a name that is not a string.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT`
 */
export function checkName(value: string): string {
  if (typeof value !== "string") {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `${quote(value)} is not a string`);
  }
  return value;
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
export function checkEvent(event: string): string {
  if (RESERVED_EVENTS.has(event)) {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `${quote(event)} is a reserved event name`);
  }
  return checkName(event);
}

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
export function checkRoom(room: WireRoom): WireRoom {
  if (typeof room !== "string" && typeof room !== "bigint" && !Number.isSafeInteger(room)) {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `the room ${quote(room)} is neither a string nor an integer`);
  }
  if (typeof room === "bigint" && room.toString().length > MAX_INTEGER_LENGTH) {
    throw new BridgeError(
      "BRIDGE_INVALID_ARGUMENT",
      `the room ${quote(room)} has more than ${MAX_INTEGER_LENGTH} characters, and no host reads such an integer`,
    );
  }
  return room;
}

/** For an error. */
export function describeMessage(message: OutgoingMessage): string {
  return message.method === "emit" ? `the event ${quote(message.event)}` : `a ${message.method} message`;
}

/**
 * A reader with the same limit rejects larger messages unread.
 *
 * @param what - the message, for the error
 * @throws UnreadableError
 */
export function assertSize(what: string, bytes: number, maxSize: number): void {
  if (bytes > maxSize) {
    throw new UnreadableError(`${what} has ${bytes} bytes; maxMessageSize is ${maxSize}`);
  }
}

/**
 * Runs an encoder; what it throws becomes an error that names the event.
 *
 * @param format - for the error: `JSON`
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; an UnreadableError for what readers reject
 */
export function encodeOrThrow<Encoded>(message: OutgoingMessage, format: string, encode: () => Encoded): Encoded {
  try {
    return encode();
  } catch (cause) {
    if (cause instanceof BridgeError) {
      throw cause;
    }
    throw encodingFailed(cause, (reason) => `${describeMessage(message)} cannot be written as ${format}: ${reason}`);
  }
}
