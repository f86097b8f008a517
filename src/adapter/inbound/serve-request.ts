import type { Socket } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { PeerReply } from "../../cluster/peer-reply.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import type { LenientCopier } from "../../protocol/side-channel/lenient-copy.js";
import {
  type FetchSocketsMessage,
  isServerSideEvent,
  type RequestMessage,
  type ServerSideEmitMessage,
} from "../../protocol/side-channel/messages.js";
import { callApplication } from "../../util/listeners.js";
import { quote } from "../../util/quote.js";
import { clientsHere } from "../clients/local-operations.js";
import { namespaceOf } from "../clients/namespace.js";
import { callServerSideListeners } from "../clients/private-fields.js";
import { roomNames } from "../clients/target.js";
import type { ServedNamespace } from "./dependencies.js";

/**
 * Serves what another Node host requests of this one. That host waits, so it gets a reply also where this rejects or
 * throws.
 *
 * @param served - undefined where the namespace is not open here
 * @returns why it is rejected
 */
export function serveRequest(
  served: ServedNamespace | undefined,
  message: RequestMessage,
  reply: PeerReply,
): Rejection | undefined {
  try {
    const rejection = served && serve(served, message, reply);
    if (served === undefined || rejection !== undefined) {
      reply.end();
    }
    return rejection;
  } catch (error) {
    reply.fail(error as Error);
    throw error;
  }
}

function serve(
  { adapter, recovery }: ServedNamespace,
  message: RequestMessage,
  reply: PeerReply,
): Rejection | undefined {
  switch (message.type) {
    case "fetch_sockets":
      return fetchSockets(adapter, message, reply);
    case "all_rooms":
      return allRooms(adapter, reply);
    case "server_side_emit":
      return serverSideEmit(adapter, message, reply);
    case "transfer_session":
      return sendCopies(recovery?.transferSession(message) ?? [], reply);
    default:
      return message satisfies never;
  }
}

function fetchSockets(adapter: Adapter, { rooms, except }: FetchSocketsMessage, reply: PeerReply): undefined {
  const clients = clientsHere(adapter, { rooms: new Set(rooms), except: new Set(except) });
  reply.sendAll(clients, describeClient);
}

/** A client as other hosts see it. A `sessionStore`, as express-session puts it there, belongs to this process. */
function describeClient({ id, handshake, rooms, data }: Socket, copier: LenientCopier): object {
  const { sessionStore: _, ...rest } = handshake as object as Record<string, unknown>;
  return { id, handshake: copier.copy(rest), rooms: copier.copy(roomNames(rooms)), data: copier.copy(data) };
}

function allRooms(adapter: Adapter, reply: PeerReply): undefined {
  const names = [...adapter.rooms.keys()].filter((room) => typeof room === "string");
  sendCopies(names, reply);
}

function sendCopies(items: readonly unknown[], reply: PeerReply): undefined {
  reply.sendAll(items, (item, copier) => copier.copy(item));
}

function serverSideEmit(adapter: Adapter, message: ServerSideEmitMessage, reply: PeerReply): Rejection | undefined {
  const namespace = namespaceOf(adapter);
  const [event, ...args] = message.args;
  if (!isServerSideEvent(event)) {
    return { reason: "reserved_event", detail: `${quote(event)} is not an event for other servers` };
  }
  if (event === "error" && namespace.listenerCount("error") === 0) {
    // Node would take it for an error of this process.
    return { reason: "undeliverable", detail: 'nothing listens for "error"' };
  }
  // Only the first one counts: a reply has one last part.
  const acknowledge = (...acked: unknown[]): void => {
    try {
      reply.send([acked], true);
    } catch (error) {
      // Both hosts are told: the application here, and whoever waits there.
      reply.fail(error as Error);
      throw error;
    }
  };
  const withAck = message.isAcknowledged ? [...args, acknowledge] : args;
  callApplication(() => callServerSideListeners(namespace, [event, ...withAck]));
  return undefined;
}
