import { BridgeError } from "../../errors.js";
import { quote } from "../../util/quote.js";
import {
  type CallbackMessage,
  type CheckpointMessage,
  type CloseRoomMessage,
  type DisconnectMembersMessage,
  type DisconnectMessage,
  type EmitMessage,
  MAX_INTEGER_LENGTH,
  type MoveMembersMessage,
  type MoveRoomMessage,
  RESERVED_EVENTS,
  type WireRoom,
} from "./messages.js";

/** An emit with its arguments still to be encoded. */
export type OutgoingEmit = Omit<EmitMessage, "payload"> & { readonly args: readonly unknown[] };

/** Everything a host can say. */
export type OutgoingMessage =
  | OutgoingEmit
  | CallbackMessage
  | DisconnectMessage
  | MoveRoomMessage
  | CloseRoomMessage
  | MoveMembersMessage
  | DisconnectMembersMessage
  | CheckpointMessage;

/** JavaScript callers pass what they have; what is no string would be lost at every reader. */
export function checkName(value: string): string {
  if (typeof value !== "string") {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `${quote(value)} is not a string`);
  }
  return value;
}

export function checkEvent(event: string): string {
  if (RESERVED_EVENTS.has(event)) {
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `${quote(event)} is an event of Socket.IO itself`);
  }
  return checkName(event);
}

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

/**
 * Writes a message; what cannot be written becomes an error that names it.
 *
 * @throws BridgeError `BRIDGE_INVALID_ARGUMENT`
 */
export function encodeOrThrow<Written>(
  message: OutgoingMessage,
  format: string,
  write: (message: OutgoingMessage) => Written,
): Written {
  try {
    return write(message);
  } catch (cause) {
    if (cause instanceof BridgeError) {
      throw cause;
    }
    const what = message.method === "emit" ? `the event ${quote(message.event)}` : `a ${message.method} message`;
    const reason = (cause as Error).message;
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `${what} cannot be written as ${format}: ${reason}`, { cause });
  }
}
