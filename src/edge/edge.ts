import { isDeepStrictEqual } from "node:util";
import type { Namespace, Server, Socket } from "socket.io";
import type { BridgeHandle } from "../adapter/reporting/handle.js";
import { BridgeError } from "../errors.js";
import { quote } from "../util/quote.js";
import { type Application, type Handlers, mergeApplications } from "./application.js";
import { Backend } from "./backend.js";
import { Backends, type CallOptions } from "./backends.js";
import { type Body, type EncodedArgs, encodeArgs } from "./body.js";
import { type Caller, Calls } from "./calls.js";
import { Clients, callerOf } from "./client.js";
import { Capacity, Pending } from "./event-queue.js";
import { Failover } from "./failover/failover.js";
import { failed, lossOf, refusal, tryAgain } from "./failures.js";
import { Marks } from "./marks.js";
import { type EdgeOptions, type NormalizedEdge, normalizeEdge } from "./options.js";
import { Registration } from "./registration.js";
import { type EdgeLoss, EdgeReporter, type EdgeStats } from "./reporter.js";

/** How long `close()` waits, at most, for calls, chiefly the clients' `disconnect` handlers, in milliseconds. */
const DRAIN_MS = 10_000;

/** Name of the handlers for every namespace that has none of its own. */
const ANY = "*";

type Acknowledge = (...args: unknown[]) => void;

/** An event as socket.io hands it to a middleware: the acknowledgement is the last argument. */
interface ClientEvent {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly acknowledge: Acknowledge | undefined;
}

/** The word of python-engineio for a connection that ended without a goodbye. */
const HOST_DIED = "transport close";

/** `SocketIO.reason` of python-engineio, by the words of socket.io; others are the same in both. */
const REASONS: Readonly<Record<string, string>> = {
  "client namespace disconnect": "client disconnect",
  "server namespace disconnect": "server disconnect",
};

/**
 * Passes events for which a Socket.IO server has no handler to Python workers, and the workers' replies to the clients.
 *
 * Namespaces are those of the Python application, besides those of the server itself.
 */
export class Edge {
  readonly #io: Server;
  readonly #options: NormalizedEdge;
  readonly #reporter: EdgeReporter;
  readonly #backends: Backends;
  readonly #marks: Marks;
  readonly #calls: Calls;
  readonly #failover: Failover;
  readonly #pending = new Pending();
  readonly #clients: Clients;
  #handlers: ReadonlyMap<string, Handlers> = new Map();
  #alwaysConnect = false;
  /** Namespaces that have this edge in front. */
  readonly #served = new Set<string>();
  readonly #onConnected = (socket: Socket): void => this.#onConnection(socket);
  /** Sockets for which the `connect` handler has run, and has not refused them: those get a `disconnect`. */
  readonly #accepted = new WeakSet<Socket>();
  /** By sid, until the `disconnect` handler has run: a client that resumes has the same sid. */
  readonly #leaving = new Map<string, Promise<void>>();

  /** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
  constructor(io: Server, adapter: BridgeHandle, options: EdgeOptions) {
    const normalized = normalizeEdge(options);
    const { urls, secret, ca, maxCalls, maxAnswer, timeout, clientQueue, queue, isTrustedProxy } = normalized;
    this.#io = io;
    this.#options = normalized;
    this.#reporter = new EdgeReporter(normalized.logger);
    this.#marks = new Marks(adapter);
    this.#clients = new Clients({
      ...{ limits: clientQueue, shared: new Capacity(queue), pending: this.#pending, isTrustedProxy },
      onClose: (socket, reason) => this.#onDisconnect(socket, reason),
    });
    const backends = urls.map((url) => new Backend({ url, secret, maxBytes: maxAnswer, ca }));
    this.#failover = new Failover({
      adapter,
      secret,
      reporter: this.#reporter,
      disconnect: (caller) => this.#disconnectOrphan(caller),
      onReturned: (sockets) => this.#connectAnew(sockets),
    });
    this.#backends = new Backends(backends, {
      maxCalls,
      timeout,
      onChanged: () => this.#onChanged(),
      onAway: (name, failure) => this.#reporter.away(name, failure),
      onBack: (name) => this.#reporter.back(name),
    });
    this.#calls = new Calls(this.#backends, this.#marks, this.#reporter);
  }

  /**
   * Resolves when a worker has reported what it handles, and its namespaces are served. While no backend answers it waits.
   *
   * @throws BridgeError rejects with `BRIDGE_CLOSED`
   */
  ready(): Promise<void> {
    return this.#backends.ready();
  }

  /** A snapshot: counters since the start, and the state at this moment. */
  stats(): EdgeStats {
    return { ...this.#reporter.stats(), pending: this.#pending.size };
  }

  /** @internal What each backend has told that it handles. */
  get applications(): readonly Application[] {
    return this.#backends.applications;
  }

  /** @internal Whether a namespace has a `connection` listener of this edge, and its sockets a `disconnect` listener. */
  isInFrontOf(namespace: Namespace): boolean {
    return namespace.listeners("connection").includes(this.#onConnected);
  }

  /**
   * Call after `io.close()`: it waits for the `disconnect` handlers of the clients, ten seconds at most, and releases every
   * handle.
   */
  async close(): Promise<void> {
    this.#failover.close();
    this.#marks.close();
    await this.#pending.drained(DRAIN_MS);
    // Ends the calls that still run, at once.
    await this.#backends.close();
    await this.#pending.drained(DRAIN_MS);
  }

  #onChanged(): void {
    const { applications } = this.#backends;
    this.#handlers = mergeApplications(applications);
    this.#alwaysConnect = applications.some(({ alwaysConnect }) => alwaysConnect);
    for (const name of this.#handlers.keys()) {
      if (!this.#served.has(name)) {
        this.#served.add(name);
        this.#serve(
          name === ANY ? this.#io.of((_name, _auth, next) => next(null, this.#handlers.has(ANY))) : this.#io.of(name),
        );
      }
    }
  }

  #serve(namespace: Namespace): void {
    namespace.use((socket, next) => {
      if (this.#handlersOf(socket) === undefined) {
        // A redeploy has taken it away: socket.io's own error, unless the server itself serves the namespace.
        next(socket.nsp.listenerCount("connection") > 1 ? undefined : new Error("Invalid namespace"));
      } else if (this.#alwaysConnect) {
        next();
      } else {
        this.#connect(socket, () => new Registration(socket)).then(
          (registration) => {
            registration.handOver();
            next();
          },
          (error: Error) => next(error),
        );
      }
    });
    namespace.on("connection", this.#onConnected);
  }

  #onConnection(socket: Socket): void {
    // socket.io lets a client that resumes pass the middleware, unless `skipMiddlewares` is false.
    if ((this.#alwaysConnect || socket.recovered) && !this.#accepted.has(socket)) {
      this.#connect(socket, () => undefined).catch(() => socket.disconnect());
    }
    socket.use((packet, next) => {
      const [name, ...rest] = packet as unknown as [unknown, ...unknown[]];
      const last = rest.at(-1);
      // Clients may send a number for a name, which python-socketio has no handlers for.
      if (typeof name !== "string" || socket.listenerCount(name) > 0) {
        next();
      } else if (!this.#handles(socket, name)) {
        this.#backends.refresh();
        this.#reporter.unhandled(socket.nsp.name, name);
        next();
      } else if (typeof last === "function") {
        this.#onEvent(socket, { name, args: rest.slice(0, -1), acknowledge: last as Acknowledge });
      } else {
        this.#onEvent(socket, { name, args: rest, acknowledge: undefined });
      }
    });
    socket.on("disconnect", (reason) => this.#onDisconnect(socket, REASONS[reason] ?? reason));
  }

  #handlersOf({ nsp }: Socket): Handlers | undefined {
    return this.#handlers.get(nsp.name) ?? this.#handlers.get(ANY);
  }

  /** One that the application has announced, since clients choose the names of events, and may choose those of namespaces. */
  #handlerOf(nsp: string, kind: unknown, event?: unknown): string {
    const namespace = this.#handlers.has(nsp) ? nsp : ANY;
    const isKnown = typeof event === "string" && this.#handlers.get(namespace)?.events.has(event);
    return JSON.stringify([kind, namespace, isKnown ? event : ANY]);
  }

  #handles(socket: Socket, event: string): boolean {
    const handlers = this.#handlersOf(socket);
    return handlers !== undefined && (handlers.any || handlers.events.has(event));
  }

  /**
   * Resolves when Python accepts the client.
   *
   * @param register - called when a worker is about to decide. Not while the client waits: it would get what others in the
   *   namespace get, and may yet be refused
   * @throws Error rejects with what its `connect_error` says
   */
  async #connect<Registered extends Registration | undefined>(
    socket: Socket,
    register: () => Registered,
  ): Promise<Registered> {
    const { auth } = socket.handshake;
    const args = encodeArgs(hasKeys(auth) ? [auth] : []);
    const { queue, sockets } = this.#clients.of(socket);
    // Another middleware may have taken its time.
    assertThere(socket);
    sockets.add(socket);
    try {
      return await new Promise<Registered>((resolve, reject) => {
        const deadline = this.#deadline();
        const task = () => this.#askToEnter(socket, args, deadline, register).then(resolve, reject);
        if (!queue.add(args.byteLength, task)) {
          this.#reporter.lost("a client", "queue_full", "too many events wait");
          reject(tryAgain(new BridgeError("BRIDGE_BUSY", "too many events wait")));
        }
      });
    } catch (error) {
      sockets.delete(socket);
      throw error;
    }
  }

  async #askToEnter<Registered extends Registration | undefined>(
    socket: Socket,
    args: EncodedArgs,
    deadline: number,
    register: () => Registered,
  ): Promise<Registered> {
    await this.#leaving.get(socket.id);
    let registered: Registered | undefined;
    const onSent = () => {
      assertThere(socket);
      registered ??= register();
    };
    try {
      const { head } = await this.#call(socket, { kind: "connect" }, args, { deadline, isRepeatable: false, onSent });
      if (head.accepted !== true || head.error !== null) {
        throw refusal(head);
      }
      this.#accepted.add(socket);
      this.#failover.entered(this.#clients.of(socket), socket);
      return registered as Registered;
    } catch (error) {
      registered?.end();
      if (!(error instanceof BridgeError)) {
        throw error;
      }
      const reason = lossOf(error);
      this.#reporter.lost("a client", reason, error.message);
      throw tryAgain(error);
    }
  }

  #deadline(): number {
    return performance.now() + this.#options.maxWait;
  }

  #onEvent(socket: Socket, event: ClientEvent): void {
    try {
      this.#queueEvent(socket, event, encodeArgs(event.args));
    } catch (error) {
      this.#loseEvent(event, "unreadable", (error as BridgeError).message);
    }
  }

  #queueEvent(socket: Socket, event: ClientEvent, encoded: EncodedArgs): void {
    const { name, acknowledge } = event;
    const { isConcurrent, isRepeatable } = this.#options;
    const options = { deadline: this.#deadline(), isRepeatable: isRepeatable(name) };
    const handle = async () => {
      if (!this.#accepted.has(socket)) {
        // With `always_connect`, or of one that resumes: refused in the meantime.
        return;
      }
      try {
        const fields = { kind: "event", event: name, wantsAck: acknowledge !== undefined };
        const { head, args: answer } = await this.#call(socket, fields, encoded, options);
        if (head.acknowledges === true) {
          acknowledge?.(...answer);
        }
      } catch (error) {
        this.#loseEvent(event, lossOf(error as BridgeError), (error as BridgeError).message);
      }
    };
    const { queue } = this.#clients.of(socket);
    if (!queue.add(encoded.byteLength, handle, isConcurrent(name) && this.#accepted.has(socket))) {
      this.#loseEvent(event, "queue_full", "too many events wait");
    }
  }

  #loseEvent({ name, acknowledge }: ClientEvent, reason: EdgeLoss, detail: string): void {
    this.#reporter.lost(`the event ${quote(name)}`, reason, detail);
    acknowledge?.(failed(reason));
  }

  /** Called twice, by the namespace and by the connection; only the first call counts. */
  #onDisconnect(socket: Socket, reason: string): void {
    const client = this.#clients.of(socket);
    const { queue, sockets } = client;
    if (!sockets.delete(socket)) {
      return;
    }
    const left = queue.addLast(async () => {
      // Not known until its `connect`, which may still be waiting, has finished.
      if (this.#accepted.delete(socket)) {
        const onSent = () => this.#failover.left(client, socket);
        const options = { deadline: this.#deadline(), isRepeatable: false, onSent };
        await this.#call(socket, { kind: "disconnect", reason }, encodeArgs([]), options).catch((error: BridgeError) =>
          this.#loseDisconnect(error),
        );
        onSent();
      }
      if (this.#leaving.get(socket.id) === left) {
        this.#leaving.delete(socket.id);
      }
    });
    this.#leaving.set(socket.id, left);
  }

  #loseDisconnect(error: BridgeError): void {
    this.#reporter.lost("a disconnect", lossOf(error), error.message);
  }

  /** Of a client whose host has died. Never rejects. */
  #disconnectOrphan(caller: Caller): Promise<unknown> {
    const name = this.#handlerOf(caller.namespace, "disconnect");
    const options = { name, deadline: this.#deadline(), isRepeatable: false };
    const called = this.#calls.call(caller, { kind: "disconnect", reason: HOST_DIED }, encodeArgs([]), options).then(
      ({ head }) => {
        this.#reporter.tookOver();
        return head.sessions;
      },
      (error: BridgeError) => {
        this.#loseDisconnect(error);
        return caller.sessions;
      },
    );
    this.#pending.add(called.then(() => undefined));
    return called;
  }

  /** Python has seen these clients leave: they come back, and it sees them connect. */
  #connectAnew(sockets: readonly Socket[]): void {
    for (const socket of sockets) {
      this.#accepted.delete(socket);
      this.#failover.left(this.#clients.of(socket), socket);
      socket.conn.close();
    }
    this.#reporter.returned(sockets.length);
  }

  /** @throws BridgeError rejects with `BRIDGE_BACKEND_FAILED` or `BRIDGE_CLOSED` */
  async #call(
    socket: Socket,
    fields: Readonly<Record<string, unknown>>,
    args: EncodedArgs,
    options: Omit<CallOptions, "name">,
  ): Promise<Body> {
    const client = this.#clients.of(socket);
    const { kind, event } = fields;
    const name = this.#handlerOf(socket.nsp.name, kind, event);
    const reply = await this.#calls.call(callerOf(socket, client), fields, args, { ...options, name });
    const { sessions } = reply.head;
    if (!isDeepStrictEqual(sessions, client.sessions)) {
      client.sessions = sessions;
      this.#failover.changed(client);
    }
    return reply;
  }
}

/** @throws Error for a client that is gone: nobody hears of that */
function assertThere({ conn }: Socket): void {
  if (conn.readyState !== "open") {
    throw new Error("the client is gone");
  }
}

const hasKeys = (auth: unknown): boolean => typeof auth === "object" && auth !== null && Object.keys(auth).length > 0;
