import type { Adapter, BroadcastOptions, Room, SocketId } from "socket.io-adapter";
import { type EmitMessage, roomName } from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { decodeEvent, EVENT, type EventPacket } from "../clients/event-packet.js";
import { broadcastHere, broadcastWithAckHere } from "../clients/local-operations.js";
import { exceptionsOf, hasRecipient, recipientsOf } from "../clients/recipients.js";
import { isLocalClient } from "../clients/target.js";
import type { Reporter } from "../reporting/reporter.js";
import type { AckReplies } from "./ack-replies.js";
import type { ServedNamespace } from "./dependencies.js";
import type { OwedAcks } from "./owed-acks.js";

/** An emit of another host, decoded except for its payload. */
export interface InboundEmit {
  readonly message: EmitMessage;
  /** As it came over the channel. */
  readonly payload: Uint8Array;
  /** Where acknowledgements go, if the other host requests any. */
  readonly ackReplies: AckReplies | undefined;
}

/**
 * Gives an emit of another host to the clients of this one (`PubSubManager._handle_emit`).
 *
 * @returns why it is rejected; no client got it then
 */
export function deliverEmit(
  { message: received, payload, ackReplies }: InboundEmit,
  { adapter, owedAcks, recovery }: ServedNamespace,
  reporter: Reporter,
): Rejection | undefined {
  const message = withoutUnskipped(received);
  const rooms = new Set(message.rooms?.map(roomName));
  const audience = { rooms, skipSids: setOf(message.skipSids), except: setOf(message.exceptRooms) };
  const offset = isRecoverable(message) ? recovery?.recorder.recordForeign(message, audience, payload) : undefined;
  const isForClients = hasRecipient(adapter, rooms);
  if (!isForClients && !reporter.hasEmitListeners) {
    return undefined;
  }
  const data = decodeEvent(message);
  if ("rejection" in data) {
    return data.rejection;
  }
  if (reporter.hasEmitListeners) {
    notifyListeners(reporter, message, data.slice(1));
  }
  if (!isForClients) {
    return undefined;
  }
  const packet: EventPacket = { type: EVENT, data: offset === undefined ? data : [...data, offset] };
  const target = { rooms, except: exceptionsOf(adapter, message), flags: flagsOf(message) };
  if (ackReplies === undefined) {
    broadcastHere(adapter, packet, target);
  } else {
    deliverWithAck(adapter, packet, target, ackReplies, owedAcks);
  }
  return undefined;
}

function withoutUnskipped(message: EmitMessage): EmitMessage {
  const unskipped = message.node?.unskipped;
  return unskipped === undefined
    ? message
    : { ...message, skipSids: message.skipSids.filter((sid) => sid !== unskipped) };
}

const NONE: ReadonlySet<string> = new Set();

/** One for all that are empty: most emits except nobody, and the history keeps them all. */
const setOf = (names: readonly string[]): ReadonlySet<string> => (names.length === 0 ? NONE : new Set(names));

/** As with socket.io itself, an emit that is volatile or acknowledged is not recovered. */
const isRecoverable = ({ node, callback }: EmitMessage): boolean => node?.volatile !== true && callback === null;

function flagsOf({ node }: EmitMessage): NonNullable<BroadcastOptions["flags"]> {
  return {
    ...(node?.volatile === undefined ? {} : { volatile: node.volatile }),
    ...(node?.compress === undefined ? {} : { compress: node.compress }),
  };
}

function notifyListeners(reporter: Reporter, message: EmitMessage, args: readonly unknown[]): void {
  const { namespace, event, skipSids, hostId } = message;
  const rooms = message.rooms?.map(roomName) ?? null;
  reporter.emits.notify({ namespace, event, args, rooms, skipSids, hostId, origin: "channel" });
}

function deliverWithAck(
  adapter: Adapter,
  packet: EventPacket,
  target: BroadcastOptions & { readonly except: Set<Room> },
  replies: AckReplies,
  owedAcks: OwedAcks,
): void {
  // socket.io calls this with the client's socket as `this`.
  function onAck(this: { readonly id: SocketId }, ...args: unknown[]): void {
    owedAcks.settle(this.id, packet.id as number);
    replies.sendAck(args);
  }
  const recipients = [...recipientsOf(adapter, target)];
  const isClient = isLocalClient(adapter, target);
  broadcastWithAckHere(adapter, packet, target, (clients) => replies.sendCount(clients, isClient), onAck);
  for (const sid of recipients) {
    owedAcks.add(sid, packet.id as number, replies.deadline);
  }
}
