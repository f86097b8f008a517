import type { EmitMessage, Message } from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { quote } from "../../util/quote.js";
import { ackRepliesFor } from "./ack-replies.js";
import { applyCommand, type RoomCommandMessage } from "./apply-command.js";
import { deliverEmit } from "./deliver-emit.js";
import type { InboundDependencies } from "./dependencies.js";

/** A decoded message of the fleet's channel. */
export interface InboundMessage {
  readonly channel: string;
  readonly message: Message;
  /** As it came over the channel. */
  readonly payload: Uint8Array;
}

/**
 * Takes a decoded message to what its method is for.
 *
 * @returns why it is rejected; nothing was done then
 */
export function dispatch(inbound: InboundMessage, dependencies: InboundDependencies): Rejection | undefined {
  const { message } = inbound;
  switch (message.method) {
    case "callback":
      dependencies.cluster.receiveCallback(message);
      return undefined;
    case "edge_mark":
      dependencies.marks.notify(message.mark);
      return undefined;
    case "node_checkpoint":
      dependencies.recovery.checkpoints.record(message.hostId ?? "", message.number);
      return undefined;
    case "emit":
      return onEmit({ ...inbound, message }, dependencies);
    case "enter_room":
    case "leave_room":
    case "close_room":
    case "disconnect":
    case "node_join":
    case "node_leave":
    case "node_disconnect":
      return onCommand(message, dependencies);
    default:
      return message satisfies never;
  }
}

function onEmit(
  { channel, message, payload }: InboundMessage & { readonly message: EmitMessage },
  dependencies: InboundDependencies,
): Rejection | undefined {
  if (isEcho(message, dependencies)) {
    if (message.node?.sequence !== undefined) {
      dependencies.recovery.history?.ownEmitReturned(message.node.sequence);
    }
    return undefined;
  }
  const ackReplies = ackRepliesFor(message, channel, dependencies);
  try {
    const served = dependencies.namespaces.get(message.namespace);
    return served === undefined
      ? unknownNamespace(message, dependencies)
      : deliverEmit({ message, payload, ackReplies }, served, dependencies.reporter);
  } finally {
    // Node hosts wait for the count of every host, also of one whose clients did not get it.
    ackReplies?.sendCount(0, false);
  }
}

function onCommand(message: RoomCommandMessage, dependencies: InboundDependencies): Rejection | undefined {
  if (isEcho(message, dependencies)) {
    return undefined;
  }
  const served = dependencies.namespaces.get(message.namespace);
  return served === undefined
    ? unknownNamespace(message, dependencies)
    : applyCommand(served.adapter, message, dependencies.reporter);
}

/** Whether this host published it, and has done it already; if not, its sender is noted. */
function isEcho({ hostId }: EmitMessage | RoomCommandMessage, { cluster, reporter }: InboundDependencies): boolean {
  if (hostId === cluster.hostId) {
    reporter.count("echoes");
    return true;
  }
  cluster.markSender(hostId);
  return false;
}

function unknownNamespace(
  { namespace }: { readonly namespace: string },
  { namespaces }: InboundDependencies,
): Rejection | undefined {
  // Every server has "/" until it closes, and then loses one namespace after another: nothing is wrong with the message.
  if (!namespaces.has("/")) {
    return undefined;
  }
  return { reason: "unknown_namespace", detail: `no namespace ${quote(namespace)} on this host` };
}
