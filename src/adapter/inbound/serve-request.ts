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
import { quote } from "../../util/quote.js";
import { clientsHere } from "../clients/local-operations.js";
import { namespaceOf } from "../clients/namespace.js";
import { callServerSideListeners } from "../clients/private-fields.js";
import { roomNames } from "../clients/target.js";
import type { Reporter } from "../reporting/reporter.js";
import { sendOrDrop } from "../send-or-drop.js";
import type { ServedNamespace } from "./dependencies.js";

/** Bytes of one field of a handshake that are sent to other hosts, roughly. */
const MAX_HANDSHAKE_FIELD = 64 * 1024;

/**
 * Serves what another Node host requests of this one. That host waits, so it gets a reply also where this rejects or
 * throws.
 *
 * @param served - undefined where the namespace is not open here
 * @returns why it is rejected
 */
export async function serveRequest(
  served: ServedNamespace | undefined,
  message: RequestMessage,
  reply: PeerReply,
  reporter: Reporter,
): Promise<Rejection | undefined> {
  try {
    const rejection = served && (await serve(served, message, reply, reporter));
    if (served === undefined || rejection !== undefined) {
      reply.end();
    }
    return rejection;
  } catch (error) {
    reply.fail(error);
    throw error;
  }
}

function serve(
  { adapter, recovery }: ServedNamespace,
  message: RequestMessage,
  reply: PeerReply,
  reporter: Reporter,
): Promise<undefined> | Rejection | undefined {
  switch (message.type) {
    case "fetch_sockets":
      return fetchSockets(adapter, message, reply);
    case "all_rooms":
      return allRooms(adapter, reply);
    case "server_side_emit":
      return serverSideEmit(adapter, message, reply, reporter);
    case "transfer_session":
      return sendCopies(recovery?.transferSession(message) ?? [], reply);
    default:
      return message satisfies never;
  }
}

async function fetchSockets(
  adapter: Adapter,
  { rooms, except }: FetchSocketsMessage,
  reply: PeerReply,
): Promise<undefined> {
  const clients = clientsHere(adapter, { rooms: new Set(rooms), except: new Set(except) });
  await reply.sendAll(clients, describeClient);
}

/** A client as other hosts see it. */
function describeClient({ id, handshake, rooms, data }: Socket, copier: LenientCopier): object {
  const rest = describeHandshake(handshake, copier);
  return { id, handshake: rest, rooms: copier.copy(roomNames(rooms)), data: copier.copy(data) };
}

/**
 * Clients choose the length of their `auth`, and applications add what they like: a field that is too large is empty. A
 * `sessionStore`, as express-session puts it there, belongs to this process.
 */
function describeHandshake(handshake: object, copier: LenientCopier): object {
  const described = {};
  for (const [key, value] of Object.entries(handshake).filter(([key]) => key !== "sessionStore")) {
    const before = copier.size;
    const copied = copier.copy({ [key]: value });
    if (copier.size - before > MAX_HANDSHAKE_FIELD) {
      copier.size = before;
      Object.assign(described, { [key]: {} });
    } else {
      Object.assign(described, copied);
    }
  }
  return described;
}

function allRooms(adapter: Adapter, reply: PeerReply): Promise<undefined> {
  return sendCopies(roomNames(adapter.rooms.keys()), reply);
}

async function sendCopies(items: readonly unknown[], reply: PeerReply): Promise<undefined> {
  await reply.sendAll(items, (item, copier) => copier.copy(item));
}

function serverSideEmit(
  adapter: Adapter,
  message: ServerSideEmitMessage,
  reply: PeerReply,
  reporter: Reporter,
): Rejection | undefined {
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
    sendOrDrop(() => {
      try {
        reply.send([acked]);
      } catch (error) {
        // Both hosts are told: whoever waits there, and the application here.
        reply.fail(error);
        throw error;
      }
    }, reporter);
  };
  const withAck = message.isAcknowledged ? [...args, acknowledge] : args;
  callServerSideListeners(namespace, [event, ...withAck]);
  return undefined;
}
