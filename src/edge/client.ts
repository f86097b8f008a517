import { randomUUID } from "node:crypto";
import type { Socket } from "socket.io";
import { EventQueue, type QueueLimits, type Room } from "./event-queue.js";

/** What the edge keeps of a connection. Its namespaces share it, as they share an environment in Python. */
export interface Client {
  /** In calls. */
  readonly id: string;
  readonly queue: EventQueue;
  /** As Python has last returned them. */
  sessions: unknown;
}

/** The connections of a server. */
export class Clients {
  readonly #limits: QueueLimits;
  readonly #room: Room;
  readonly #byConnection = new WeakMap<object, Client>();

  constructor(limits: QueueLimits, room: Room) {
    this.#limits = limits;
    this.#room = room;
  }

  of({ conn }: Socket): Client {
    const known = this.#byConnection.get(conn);
    if (known !== undefined) {
      return known;
    }
    const client = { id: randomUUID(), queue: new EventQueue(this.#limits, this.#room), sessions: {} };
    this.#byConnection.set(conn, client);
    return client;
  }
}

/** The request by which a client connected, as a call has it. */
export function requestOf({ request }: Socket): Readonly<Record<string, unknown>> {
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.push([(request.rawHeaders[index] as string).toLowerCase(), request.rawHeaders[index + 1] as string]);
  }
  return {
    method: request.method,
    path,
    query,
    scheme: "encrypted" in request.socket ? "https" : "http",
    httpVersion: request.httpVersion,
    headers,
    remoteAddress: request.socket.remoteAddress ?? "",
    remotePort: request.socket.remotePort ?? 0,
  };
}
