import type { Namespace, RemoteSocket } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { Rejection } from "../../protocol/model/rejection.js";
import { LenientCopier } from "../../protocol/side-channel/lenient-copy.js";
import {
  type FetchSocketsMessage,
  RESERVED_SERVER_EVENTS,
  type RequestMessage,
  type ServerSideEmitMessage,
} from "../../protocol/side-channel/messages.js";
import { callApplication } from "../../util/listeners.js";
import { quote } from "../../util/quote.js";
import type { Recovery } from "../recovery/recovery.js";

/** One part of a reply stays far below what any broker takes. */
const PART_BYTES = 1024 * 1024;

/** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
export type Reply = (items: readonly unknown[], part: number, isLast: boolean) => void;

interface SocketDetails {
  readonly id: string;
  readonly handshake: object;
  readonly rooms: ReadonlySet<string>;
  readonly data: unknown;
}

/** What is passed on of a client; a `sessionStore`, as express-session puts it there, belongs to this process. */
function describe({ id, handshake, rooms, data }: SocketDetails, copies: LenientCopier): unknown {
  const { sessionStore: _, ...rest } = handshake as Record<string, unknown>;
  return { id, handshake: copies.copy(rest), rooms: [...rooms], data: copies.copy(data) };
}

/** In parts, so that no size of a namespace is too large for the broker. */
export function inParts<Item>(
  items: readonly Item[],
  copy: (item: Item, copies: LenientCopier) => unknown,
  reply: Reply,
) {
  let copies = new LenientCopier();
  let part: unknown[] = [];
  let number = 0;
  for (const item of items) {
    if (copies.size >= PART_BYTES) {
      reply(part, number, false);
      number += 1;
      part = [];
      copies = new LenientCopier();
    }
    part.push(copy(item, copies));
  }
  reply(part, number, true);
}

async function fetchSockets(adapter: Adapter, message: FetchSocketsMessage, reply: Reply): Promise<void> {
  const sockets = await adapter.fetchSockets({
    rooms: new Set(message.rooms),
    except: new Set(message.except),
    flags: { local: true },
  });
  inParts(sockets as readonly RemoteSocket<never, never>[], describe, reply);
}

function serverSideEmit(namespace: Namespace, message: ServerSideEmitMessage, reply: Reply): Rejection | undefined {
  const [event] = message.args;
  if (typeof event !== "string" || RESERVED_SERVER_EVENTS.has(event)) {
    return { reason: "reserved_event", detail: `${quote(event)} is no event for other servers` };
  }
  if (event === "error" && namespace.listenerCount("error") === 0) {
    // Node would take it for an error of this process.
    return { reason: "undeliverable", detail: 'nobody listens for "error"' };
  }
  let isAnswered = false;
  const acknowledge = (...args: unknown[]): void => {
    if (!isAnswered) {
      reply([args], 0, true);
      isAnswered = true;
    }
  };
  const args = message.isAcknowledged ? [...message.args, acknowledge] : message.args;
  callApplication(() => namespace._onServerSideEmit(args as [string, ...unknown[]]));
  return undefined;
}

/**
 * Does what another Node host asks of this one. Whatever becomes of it, the host is answered, for it waits.
 *
 * @param adapter - that of the namespace, if it is open here
 * @param recovery - that of the namespace, if there is any
 * @returns why it was refused
 */
export function serveRequest(
  adapter: Adapter | undefined,
  recovery: Recovery | undefined,
  message: RequestMessage,
  reply: Reply,
): Rejection | undefined {
  if (adapter === undefined) {
    reply([], 0, true);
    return undefined;
  }
  switch (message.type) {
    case "fetch_sockets":
      void fetchSockets(adapter, message, reply);
      return undefined;
    case "all_rooms":
      inParts(
        [...adapter.rooms.keys()].filter((room) => typeof room === "string"),
        (room, copies) => copies.copy(room),
        reply,
      );
      return undefined;
    case "server_side_emit": {
      const rejected = serverSideEmit(adapter.nsp, message, reply);
      if (rejected !== undefined) {
        reply([], 0, true);
      }
      return rejected;
    }
    case "transfer_session":
      inParts(recovery?.transferSession(message) ?? [], (session, copies) => copies.copy(session), reply);
      return undefined;
    default:
      return message satisfies never;
  }
}
