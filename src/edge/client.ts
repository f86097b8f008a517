import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "socket.io";
import type { Caller } from "./calls.js";
import { type Capacity, EventQueue, type Pending, type QueueLimits } from "./event-queue.js";
import { originOf, type ProxyCheck } from "./proxies.js";

/** What the edge keeps of a connection. Its namespaces share it, as they share an environment in Python. */
export interface Client {
  /** In calls. */
  readonly id: string;
  readonly queue: EventQueue;
  /** One for each namespace that it has entered, or is about to. */
  readonly sockets: Set<Socket>;
  /** As Python has last returned them. */
  sessions: unknown;
  /** The request by which it connected, as a call has it. */
  request(): Readonly<Record<string, unknown>>;
}

interface ClientsOptions {
  readonly limits: QueueLimits;
  readonly shared: Capacity;
  readonly pending: Pending;
  readonly isTrustedProxy: ProxyCheck;
  /** Called for each of its sockets when a connection is gone. */
  readonly onClose: (socket: Socket, reason: string) => void;
}

/** The connections of a server. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #byConnection = new WeakMap<object, Client>();

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  of({ conn, request }: Socket): Client {
    const known = this.#byConnection.get(conn);
    if (known !== undefined) {
      return known;
    }
    const { limits, shared, pending, isTrustedProxy, onClose } = this.#options;
    let described: ReturnType<Client["request"]> | undefined;
    const client: Client = {
      id: randomUUID(),
      queue: new EventQueue(limits, shared, pending),
      sockets: new Set<Socket>(),
      sessions: {},
      request: () => {
        described ??= requestOf(request, isTrustedProxy);
        return described;
      },
    };
    this.#byConnection.set(conn, client);
    conn.once("close", (reason: string) => {
      for (const socket of client.sockets) {
        onClose(socket, reason);
      }
    });
    return client;
  }
}

/** What a call says of a client. */
export const callerOf = (socket: Socket, { id, sessions, request }: Client): Caller => ({
  sid: socket.id,
  namespace: socket.nsp.name,
  connection: id,
  transport: socket.conn.transport.name,
  request: request(),
  // Python puts a client into its own room before its `connect` handler runs.
  rooms: socket.rooms.size > 0 ? [...socket.rooms] : [socket.id],
  sessions,
});

function requestOf(request: IncomingMessage, isTrusted: ProxyCheck): Readonly<Record<string, unknown>> {
  const url = request.url ?? "/";
  const end = url.includes("?") ? url.indexOf("?") : url.length;
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([(request.rawHeaders[index] as string).toLowerCase(), request.rawHeaders[index + 1] as string]);
  }
  return {
    method: request.method,
    path: url.slice(0, end),
    query: url.slice(end + 1),
    httpVersion: request.httpVersion,
    headers,
    ...originOf(request, isTrusted),
  };
}
