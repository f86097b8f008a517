import { randomUUID } from "node:crypto";
import type { Namespace, Server, Socket } from "socket.io";
import type { BridgeHandle } from "../adapter/reporting/handle.js";
import { atMost } from "../util/at-most.js";
import { Backend } from "./backend.js";
import { encodeBody } from "./body.js";

import { Marks } from "./marks.js";
import { register } from "./register.js";

export interface EdgeOptions {
  /** Of the endpoint of the workers: `http://host:port/socketio-bridge`. */
  readonly backend: string;
  /** Shared with the workers. */
  readonly secret: string;
  /** Milliseconds that a handler may take. @default 60000 */
  readonly timeout?: number;
}

/** What Python has for a namespace. */
interface Handlers {
  readonly events: ReadonlySet<string>;
  /** Whether a catch-all handler takes the rest. */
  readonly any: boolean;
}

/** What the edge keeps of a connection; its namespaces share it. */
interface Connection {
  readonly id: string;
  sessions: unknown;
  /** Ends when the last event that was received is handled. */
  tail: Promise<void>;
}

type Reply = Readonly<Record<string, unknown>>;

const MARK_MS = 5_000;

/** Python's words: `SocketIO.reason` of python-engineio. */
const REASONS: Readonly<Record<string, string>> = {
  "client namespace disconnect": "client disconnect",
  "server namespace disconnect": "server disconnect",
  "ping timeout": "ping timeout",
  "transport close": "transport close",
  "transport error": "transport error",
};

/** Hands what a Socket.IO server has no handler for to an application of Python. */
export class Edge {
  readonly #io: Server;
  readonly #backend: Backend;
  readonly #marks: Marks;
  readonly #timeout: number;
  readonly #connections = new WeakMap<object, Connection>();
  readonly #closing = new AbortController();

  constructor(io: Server, adapter: BridgeHandle, { backend, secret, timeout = 60_000 }: EdgeOptions) {
    this.#io = io;
    this.#backend = new Backend({ url: new URL(backend), secret, maxCalls: 64 });
    this.#marks = new Marks(adapter);
    this.#timeout = timeout;
  }

  /** Asks the application what it handles, and serves its namespaces. @throws BridgeError `BRIDGE_BACKEND_FAILED` */
  async start(): Promise<void> {
    const { handlers } = await this.#backend.describe(this.#signal());
    const byNamespace = handlers as Record<string, { events: string[]; any: boolean }>;
    for (const [name, { events, any }] of Object.entries(byNamespace)) {
      this.#serve(this.#io.of(name), { events: new Set(events), any });
    }
  }

  close(): void {
    this.#closing.abort();
    this.#marks.close();
    this.#backend.close();
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#timeout)]);
  }

  #serve(namespace: Namespace, handlers: Handlers): void {
    namespace.use((socket, next) => {
      void this.#connect(socket).then(
        () => next(),
        (error: Error) => next(error),
      );
    });
    namespace.on("connection", (socket) => {
      socket.use((packet, next) => {
        const [event] = packet as [string, ...unknown[]];
        if (socket.listenerCount(event) > 0 || !(handlers.any || handlers.events.has(event))) {
          next();
          return;
        }
        void this.#onEvent(socket, packet as [string, ...unknown[]]);
      });
      socket.on("disconnect", (reason) => {
        this.#inOrder(socket, () =>
          this.#call(socket, { kind: "disconnect", reason: REASONS[reason] ?? reason }).then(() => {}),
        );
      });
    });
  }

  async #connect(socket: Socket): Promise<void> {
    const unregister = register(socket);
    const { auth } = socket.handshake;
    const isEmpty = auth === undefined || Object.keys(auth).length === 0;
    const reply = await this.#call(socket, { kind: "connect", auth: isEmpty ? null : auth }).catch((cause: Error) => {
      unregister();
      throw Object.assign(new Error("the application is not available; try again"), { cause });
    });
    if (reply.accepted !== true || reply.error !== null) {
      unregister();
      const { message = "Unable to connect", data } = (reply.refusal ?? {}) as Record<string, unknown>;
      throw Object.assign(new Error(String(message)), data === undefined ? {} : { data });
    }
  }

  async #onEvent(socket: Socket, [event, ...args]: [string, ...unknown[]]): Promise<void> {
    const last = args.at(-1);
    const acknowledge = typeof last === "function" ? (last as (...args: unknown[]) => void) : undefined;
    const values = acknowledge === undefined ? args : args.slice(0, -1);
    this.#inOrder(socket, async () => {
      const reply = await this.#call(socket, {
        kind: "event",
        event,
        args: values,
        wantsAck: acknowledge !== undefined,
      });
      if (Array.isArray(reply.ack)) {
        acknowledge?.(...reply.ack);
      }
    });
  }

  /** One client's events are handled one after the other. */
  #inOrder(socket: Socket, run: () => Promise<void>): void {
    const connection = this.#connectionOf(socket);
    connection.tail = connection.tail.then(run).catch(() => {});
  }

  async #call(socket: Socket, fields: Readonly<Record<string, unknown>>): Promise<Reply> {
    const connection = this.#connectionOf(socket);
    const id = randomUUID();
    const marked = this.#marks.wait(id);
    try {
      const reply = await this.#backend.call(
        encodeBody({
          id,
          sid: socket.id,
          namespace: socket.nsp.name,
          connection: connection.id,
          transport: socket.conn.transport.name,
          request: requestOf(socket),
          rooms: [...socket.rooms],
          sessions: connection.sessions,
          ...fields,
        }),
        this.#signal(),
      );
      if (reply.marked === true) {
        await atMost(MARK_MS, marked.passed);
      }
      connection.sessions = reply.sessions;
      return reply;
    } finally {
      marked.forget();
    }
  }

  #connectionOf({ conn }: Socket): Connection {
    const known = this.#connections.get(conn);
    if (known !== undefined) {
      return known;
    }
    const connection = { id: randomUUID(), sessions: {}, tail: Promise.resolve() };
    this.#connections.set(conn, connection);
    return connection;
  }
}

/** The request by which the client connected. */
function requestOf({ request }: Socket): Readonly<Record<string, unknown>> {
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
