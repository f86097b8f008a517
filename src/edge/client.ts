import { randomUUID } from "node:crypto";
import type { Socket } from "socket.io";
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
}

/** The connections of a server. */
export class Clients {
  readonly #limits: QueueLimits;
  readonly #shared: Capacity;
  readonly #pending: Pending;
  readonly #onClose: (socket: Socket, reason: string) => void;
  readonly #byConnection = new WeakMap<object, Client>();

  /** @param onClose - called for each of its sockets when a connection is gone */
  constructor(
    limits: QueueLimits,
    shared: Capacity,
    pending: Pending,
    onClose: (socket: Socket, reason: string) => void,
  ) {
    this.#limits = limits;
    this.#shared = shared;
    this.#pending = pending;
    this.#onClose = onClose;
  }

  of({ conn }: Socket): Client {
    const known = this.#byConnection.get(conn);
    if (known !== undefined) {
      return known;
    }
    const queue = new EventQueue(this.#limits, this.#shared, this.#pending);
    const client = { id: randomUUID(), queue, sockets: new Set<Socket>(), sessions: {} };
    this.#byConnection.set(conn, client);
    conn.once("close", (reason: string) => {
      for (const socket of client.sockets) {
        this.#onClose(socket, reason);
      }
    });
    return client;
  }
}

/** The request by which a client connected, as a call has it. */
export function requestOf({ request }: Socket, isTrusted: ProxyCheck): Readonly<Record<string, unknown>> {
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
