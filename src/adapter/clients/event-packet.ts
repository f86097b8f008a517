import { decodePayload } from "../../protocol/decode-payload.js";
import type { EmitMessage } from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";

/** Socket.IO packet type EVENT (socket.io-protocol, revision 5). */
export const EVENT = 2;

/** A packet of Socket.IO as `Adapter.broadcast` takes it. */
export interface Packet {
  readonly type: number;
  /** Name and arguments of an event. */
  readonly data: readonly unknown[];
  /** Set where clients acknowledge: `Adapter.broadcastWithAck` writes one number for all recipients. */
  id?: number;
}

export interface EventPacket extends Packet {
  readonly type: typeof EVENT;
}

/** Name and arguments of an event, as clients get them. */
export function decodeEvent({ event, payload, node }: EmitMessage): unknown[] | { readonly rejection: Rejection } {
  const decoded = decodePayload(payload);
  if ("rejection" in decoded) {
    return decoded;
  }
  const { args } = decoded;
  return node?.null === true && args.length === 0 ? [event, null] : [event, ...args];
}
