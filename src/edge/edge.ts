import { randomUUID } from "node:crypto";
import type { Namespace, Server, Socket } from "socket.io";
import type { BridgeHandle } from "../adapter/reporting/handle.js";
import { BridgeError } from "../errors.js";
import { atMost } from "../util/at-most.js";
import { quote } from "../util/quote.js";
import { Backend, BackendFailure } from "./backend.js";
import { Backends } from "./backends.js";
import { type Body, encodeArgs, encodeBody } from "./body.js";
import { Clients, requestOf } from "./client.js";
import { Room } from "./event-queue.js";
import { Marks } from "./marks.js";
import { type EdgeOptions, type NormalizedEdge, normalizeEdge } from "./options.js";
import { register } from "./register.js";
import { type EdgeLoss, EdgeReporter, type EdgeStats } from "./reporter.js";

/** Longest that a reply waits for what its handler has published, in milliseconds. */
const MARK_MS = 5_000;

/** What Python has for a namespace. */
interface Handlers {
  readonly events: ReadonlySet<string>;
  /** Whether a catch-all handler takes the rest. */
  readonly any: boolean;
}

type Acknowledge = (...args: unknown[]) => void;

/** An event as socket.io hands it to a middleware: the acknowledgement is the last argument. */
interface ClientEvent {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly acknowledge: Acknowledge | undefined;
}

/** `SocketIO.reason` of python-engineio, by the words of socket.io; others are the same in both. */
const REASONS: Readonly<Record<string, string>> = {
  "client namespace disconnect": "client disconnect",
  "server namespace disconnect": "server disconnect",
};

/** Serves the events for which a Socket.IO server has no handler by those of an application of Python. */
export class Edge {
  readonly #io: Server;
  readonly #options: NormalizedEdge;
  readonly #reporter: EdgeReporter;
  readonly #backends: Backends;
  readonly #marks: Marks;
  readonly #room: Room;
  readonly #clients: Clients;
  readonly #handlers = new Map<string, Handlers>();
  readonly #closing = new AbortController();

  /** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
  constructor(io: Server, adapter: BridgeHandle, options: EdgeOptions) {
    const normalized = normalizeEdge(options);
    const { urls, secret, ca, maxCalls, maxAnswer, timeout } = normalized;
    const backends = urls.map((url) => new Backend({ url, secret, maxCalls, maxBytes: maxAnswer, ca }));
    this.#io = io;
    this.#options = normalized;
    this.#reporter = new EdgeReporter(normalized.logger);
    this.#backends = new Backends(backends, {
      maxCalls,
      timeout,
      onDescribed: (description) => this.#onDescribed(description),
      onAway: (name, failure) => this.#reporter.away(name, failure),
      onBack: (name) => this.#reporter.back(name),
    });
    this.#marks = new Marks(adapter);
    this.#room = new Room(normalized.queue);
    this.#clients = new Clients(normalized.clientQueue, this.#room);
  }

  /** Resolves when an application has told what it handles, and its namespaces are served. */
  start(): Promise<void> {
    return this.#backends.start();
  }

  stats(): EdgeStats {
    return this.#reporter.stats();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#marks.close();
    await this.#backends.close();
  }

  #onDescribed({ handlers }: Body["head"]): void {
    for (const [name, { events, any }] of Object.entries(
      handlers as Record<string, { events: string[]; any: boolean }>,
    )) {
      const isNew = !this.#handlers.has(name);
      this.#handlers.set(name, { events: new Set(events), any });
      if (isNew) {
        this.#serve(this.#io.of(name));
      }
    }
  }

  #serve(namespace: Namespace): void {
    namespace.use((socket, next) => {
      this.#connect(socket).then(() => next(), next);
    });
    namespace.on("connection", (socket) => {
      socket.use((packet, next) => {
        const [name, ...rest] = packet as unknown as [string, ...unknown[]];
        const last = rest.at(-1);
        if (socket.listenerCount(name) > 0 || !this.#handles(namespace, name)) {
          next();
        } else if (typeof last === "function") {
          this.#onEvent(socket, { name, args: rest.slice(0, -1), acknowledge: last as Acknowledge });
        } else {
          this.#onEvent(socket, { name, args: rest, acknowledge: undefined });
        }
      });
      socket.on("disconnect", (reason) => this.#onDisconnect(socket, REASONS[reason] ?? reason));
    });
  }

  #handles({ name: namespace }: Namespace, event: string): boolean {
    const handlers = this.#handlers.get(namespace);
    return handlers !== undefined && (handlers.any || handlers.events.has(event));
  }

  async #connect(socket: Socket): Promise<void> {
    const { auth } = socket.handshake;
    const unregister = register(socket);
    try {
      const { head } = await this.#call(socket, { kind: "connect" }, encodeArgs(hasKeys(auth) ? [auth] : []));
      if (head.accepted !== true || head.error !== null) {
        throw refusal(head);
      }
    } catch (error) {
      unregister();
      throw error instanceof BridgeError ? tryAgain(error) : error;
    }
  }

  #onEvent(socket: Socket, { name, args, acknowledge }: ClientEvent): void {
    const encoded = encodeArgs(args);
    const isTaken = this.#clients.of(socket).queue.add(encoded.byteLength, async () => {
      try {
        const fields = { kind: "event", event: name, wantsAck: acknowledge !== undefined };
        const { head, args: answer } = await this.#call(socket, fields, encoded);
        if (head.acknowledges === true) {
          acknowledge?.(...answer);
        }
      } catch (error) {
        this.#lost(`the event ${quote(name)}`, error as BridgeError, acknowledge);
      }
    });
    if (!isTaken) {
      this.#reporter.lost(`the event ${quote(name)}`, "queue_full", "too many events wait");
      acknowledge?.(failed("queue_full"));
    }
  }

  #onDisconnect(socket: Socket, reason: string): void {
    this.#clients.of(socket).queue.addLast(async () => {
      await this.#call(socket, { kind: "disconnect", reason }, encodeArgs([])).catch((error: BridgeError) => {
        this.#lost("a disconnect", error);
      });
    });
  }

  #lost(what: string, error: BridgeError, acknowledge?: Acknowledge): void {
    const reason = lossOf(error);
    this.#reporter.lost(what, reason, error.message);
    acknowledge?.(failed(reason));
  }

  /** @throws BridgeError rejects with `BRIDGE_BACKEND_FAILED` or `BRIDGE_CLOSED` */
  async #call(
    socket: Socket,
    fields: Readonly<Record<string, unknown>>,
    args: ReturnType<typeof encodeArgs>,
  ): Promise<Body> {
    const client = this.#clients.of(socket);
    const id = randomUUID();
    const mark = this.#marks.wait(id);
    try {
      const call = {
        id,
        sid: socket.id,
        namespace: socket.nsp.name,
        connection: client.id,
        transport: socket.conn.transport.name,
        request: requestOf(socket),
        rooms: [...socket.rooms],
        sessions: client.sessions,
        ...fields,
      };
      const reply = await this.#backends.call(encodeBody(call, args), AbortSignal.timeout(this.#options.maxWait));
      client.sessions = reply.head.sessions;
      const { kind, event } = fields;
      this.#reporter.answered(typeof event === "string" ? quote(event) : String(kind), reply.head.error);
      if (reply.head.marked === true) {
        await atMost(MARK_MS, mark.passed);
      }
      return reply;
    } finally {
      mark.forget();
    }
  }
}

function lossOf(error: BridgeError): EdgeLoss {
  if (error instanceof BackendFailure) {
    return error.mayHaveRun ? "no_answer" : "no_worker";
  }
  return "closed";
}

/** What a client gets in place of an acknowledgement: no handler of Python returns such an object. */
const failed = (reason: EdgeLoss) => ({ socketioBridge: { error: reason } });

const hasKeys = (auth: unknown): boolean => typeof auth === "object" && auth !== null && Object.keys(auth).length > 0;

/** The `connect_error` that Python would have sent. */
function refusal({ refusal: refused }: Body["head"]): Error {
  const { message = "Unable to connect", data } = (refused ?? {}) as Record<string, unknown>;
  return Object.assign(new Error(String(message)), data === undefined ? {} : { data });
}

function tryAgain(cause: BridgeError): Error {
  return Object.assign(new Error("the server cannot be reached at the moment: try again", { cause }), {
    data: { code: cause.code },
  });
}
