import { createServer } from "node:http";
import { type Namespace, Server, type Socket } from "socket.io";
import type { ServerHandlers } from "../edge/served-by.js";
import { atMost } from "../util/at-most.js";
import { quote } from "../util/quote.js";
import { timeLimit } from "../util/time-limit.js";
import { connectInProcess } from "./in-process-client.js";
import type { App } from "./load-app.js";

/** How long a namespace may take to accept a client, and its `connection` listeners to settle, in milliseconds. */
const SETTLE_MS = 5_000;

/** Events that no client sends. */
const RESERVED: ReadonlySet<unknown> = new Set([
  ...["connect", "connect_error", "disconnect", "disconnecting", "error", "newListener", "removeListener"],
]);

/** What is said of a namespace with such a listener. */
export const ON_ANY = "an onAny listener sees every event, and serves none: it is no handler to the edge";

/** Names of the events of a client that have a listener. */
export function eventsOf(socket: Socket): readonly string[] {
  return socket.eventNames().filter((event) => typeof event === "string" && !RESERVED.has(event)) as string[];
}

export function disconnectListeners(socket: Socket): number {
  return socket.listenerCount("disconnect") + socket.listenerCount("disconnecting");
}

export interface InspectOptions {
  /** Those of Python, which an edge adds to the server. */
  readonly served: readonly string[];
  /** Namespaces to look at, besides those that the application names: of a pattern or function of the application. */
  readonly namespaces: readonly string[];
  /** What the client sends as `auth`. */
  readonly auth: unknown;
}

/** What could not be seen, or is different from what it seems. */
export interface InspectNote {
  /** `undefined` for all. */
  readonly namespace: string | undefined;
  readonly text: string;
  /** Whether handlers may be missing. */
  readonly isIncomplete: boolean;
}

export interface Inspection {
  readonly handlers: ReadonlyMap<string, ServerHandlers>;
  readonly notes: readonly InspectNote[];
}

type Listener = (socket: Socket) => unknown;

/** A namespace whose `connection` listeners are watched. */
class WatchedNamespace {
  readonly #namespace: Namespace;
  readonly #note: (text: string) => void;
  readonly #running: Promise<unknown>[] = [];
  readonly hasListener: boolean;
  readonly connected: Promise<Socket>;

  constructor(namespace: Namespace, note: (text: string) => void) {
    this.#namespace = namespace;
    this.#note = note;
    const listeners = [this.#wrap("connect"), this.#wrap("connection")];
    this.hasListener = listeners.some((count) => count > 0);
    this.connected = new Promise((resolve) => namespace.on("connection", resolve));
  }

  /** Resolves when what the listeners have begun is over, or has taken too long. */
  async settled(): Promise<void> {
    if (!(await atMost(SETTLE_MS, Promise.all(this.#running)))) {
      this.#note(`a connection listener takes longer than ${SETTLE_MS / 1_000} s; what it adds later is missing`);
    }
  }

  /** @returns how many listeners there are */
  #wrap(event: "connect" | "connection"): number {
    const listeners = this.#namespace.listeners(event) as Listener[];
    this.#namespace.removeAllListeners(event);
    for (const listener of listeners) {
      this.#namespace.on(event, (socket: Socket) => {
        const run = async () => listener.call(this.#namespace, socket);
        this.#running.push(run().catch((error: unknown) => this.#note(`a connection listener throws ${told(error)}`)));
      });
    }
    return listeners.length;
  }
}

const told = (error: unknown): string => quote(error instanceof Error ? error.message : error);

/**
 * Finds the handlers of an application: hands it a server that nobody can reach, and connects a client to each namespace,
 * because handlers are added to the socket of a client. Its middleware and `connection` listeners therefore run.
 *
 * @throws what the application throws
 */
export async function inspectApp(app: App, { served, namespaces, auth }: InspectOptions): Promise<Inspection> {
  const http = createServer();
  const io = new Server(http, { serveClient: false, transports: ["polling"] });
  const notes: InspectNote[] = [];
  const handlers = new Map<string, ServerHandlers>();
  const found = new Map<string, Namespace>([["/", io.of("/")]]);
  const watched = new Map<string, WatchedNamespace>();
  const noteOn = (namespace: string, isIncomplete: boolean) => (text: string) =>
    void notes.push({ namespace, text, isIncomplete });
  const watch = (namespace: Namespace) =>
    watched.set(namespace.name, new WatchedNamespace(namespace, noteOn(namespace.name, true)));
  const onNamespace = (namespace: Namespace) => void found.set(namespace.name, namespace);
  io.on("new_namespace", onNamespace);
  try {
    await app(io);
    for (const name of served) {
      io.of(name);
    }
    io.off("new_namespace", onNamespace);
    for (const namespace of found.values()) {
      watch(namespace);
    }
    // Namespaces of a pattern are made when a client asks for them.
    io.on("new_namespace", watch);
    for (const name of new Set([...found.keys(), ...namespaces])) {
      const limit = timeLimit(SETTLE_MS, new AbortController().signal);
      const incomplete = noteOn(name, true);
      const refused = await connectInProcess(http, {
        path: `${io.path()}/`,
        namespace: name,
        auth,
        signal: limit.signal,
      })
        .catch((error: Error) => (limit.signal.aborted ? `no answer within ${SETTLE_MS / 1_000} s` : error.message))
        .finally(() => limit.end());
      const namespace = watched.get(name);
      if (refused !== undefined) {
        if (namespace !== undefined) {
          handlers.set(name, { isSeen: false, connect: namespace.hasListener, events: new Set(), disconnect: false });
          incomplete(`a middleware does not let the client in (${quote(refused)}); try --auth`);
        } else if (namespaces.includes(name)) {
          incomplete(`no such namespace (${quote(refused)})`);
        }
        continue;
      }
      const { connected, hasListener } = namespace as WatchedNamespace;
      const socket = await connected;
      await namespace?.settled();
      handlers.set(name, {
        isSeen: true,
        connect: hasListener,
        events: new Set(eventsOf(socket)),
        disconnect: disconnectListeners(socket) > 0,
      });
      if (socket.listenersAny().length > 0) {
        noteOn(name, false)(ON_ANY);
      }
      if (socket.disconnected) {
        incomplete("a connection listener disconnects the client; handlers may be missing");
      }
    }
    return { handlers, notes };
  } finally {
    await io.close();
  }
}
