import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { type BridgeAdapter, createAdapter } from "../adapter/create-adapter.js";
import { Edge } from "../edge/edge.js";
import type { EdgeOptions } from "../edge/options.js";
import { type EmbeddedBroker, startEmbeddedBroker } from "../embedded/broker.js";
import { BridgeError } from "../errors.js";
import type { Encoding } from "../protocol/encoders.js";
import type { Dialect } from "../protocol/model/dialect.js";
import type { LegacyPickle } from "../protocol/model/legacy-pickle-modes.js";
import type { Logger } from "../util/logger.js";
import { redactUrl } from "../util/redact-url.js";
import { handlersEndpoint } from "./handlers-endpoint.js";
import { handlersReport } from "./handlers-report.js";
import { inspectServer } from "./inspect-server.js";
import { handleLivePageEvents } from "./live-page-events.js";
import { serveLivePage } from "./live-page-files.js";
import { type App, loadApp } from "./load-app.js";
import { type Refusal, refusalOf, refusalOfHost } from "./origin.js";
import { type AcceptedOrigins, hostCheck } from "./own-hosts.js";
import { pythonPackages, pythonSnippet } from "./python-snippet.js";
import { RefusalLog } from "./refusal-log.js";

export interface ServeOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly host: string;
  /** Broker URL. Without it, an embedded broker is started in this process. */
  readonly queue: string | undefined;
  readonly channels: readonly string[];
  readonly encoding: Encoding;
  readonly legacyPickle: LegacyPickle;
  readonly dialect: Dialect;
  readonly cors: AcceptedOrigins;
  /** Path of a module whose default export is called with the `Server`. */
  readonly app: string | undefined;
  readonly demo: boolean;
  /** Workers of Python, for the events that `app` does not handle. */
  readonly edge: Pick<EdgeOptions, "backend" | "secret" | "ca" | "trustProxy"> | undefined;
  readonly logger: Logger;
  /** Ends the wait for the first worker behind an edge. @default it waits as long as it takes */
  readonly signal?: AbortSignal;
}

export interface RunningServer {
  readonly url: string;
  /** The broker's URL, without its password. */
  readonly queue: string;
  /** Arguments of `pip install` for the snippet. */
  readonly pythonPackages: string;
  readonly isEmbedded: boolean;
  /** Python code that emits to the clients of this server, ready to paste. */
  readonly snippet: string;
  readonly adapter: BridgeAdapter;
  /** Sends waiting messages, disconnects the clients, and releases every handle. */
  close(): Promise<void>;
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` when it cannot listen on the port */
function listen(http: HttpServer, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const reason = cause.code === "EADDRINUSE" ? "is taken; choose another with --port" : `failed: ${cause.message}`;
      reject(new BridgeError("BRIDGE_INVALID_OPTION", `port ${port} of ${host} ${reason}`, { cause }));
    };
    http.once("error", onError);
    http.listen(port, host, () => {
      http.off("error", onError);
      resolve(http.address() as AddressInfo);
    });
  });
}

/** Why a request is not served. */
type Check = (request: IncomingMessage) => Refusal | undefined;

/** Answers a request, if it is for it. */
type Endpoint = (request: IncomingMessage, response: ServerResponse) => boolean;

function createHttpServer(endpoint: Endpoint, refuse: Check, demo: boolean): HttpServer {
  return createServer((request, response) => {
    if (endpoint(request, response)) {
      return;
    }
    if (refuse(request) !== undefined) {
      endWithText(response, 400, "This server is not known by that name: --host or --cors has to name it.\n");
    } else if (!(demo && serveLivePage(request, response))) {
      endWithText(response, 404, "Nothing here except a Socket.IO server at /socket.io/\n");
    }
  });
}

function endWithText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(text);
}

/**
 * Starts a Socket.IO server that joins the fleet. Resolves when it listens.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`; `BRIDGE_CLOSED` where `signal` has aborted
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const app = options.app === undefined ? undefined : await loadApp(options.app);
  const broker = options.queue === undefined ? await startEmbeddedBroker() : undefined;
  try {
    return await serveOn(options.queue ?? (broker as EmbeddedBroker).url, broker, app, options);
  } catch (error) {
    await broker?.close();
    throw error;
  }
}

/** @throws BridgeError rejects with `BRIDGE_CLOSED` if the signal aborts before a worker is there */
async function readyUnless(edge: Edge, signal: AbortSignal | undefined): Promise<void> {
  const close = () => void edge.close();
  if (signal?.aborted) {
    close();
  }
  signal?.addEventListener("abort", close);
  try {
    await edge.ready();
  } finally {
    signal?.removeEventListener("abort", close);
  }
}

async function serveOn(
  url: string,
  broker: EmbeddedBroker | undefined,
  app: App | undefined,
  options: ServeOptions,
): Promise<RunningServer> {
  const { channels: channel, encoding, legacyPickle, dialect, logger } = options;
  const adapter = createAdapter(url, { channel, encoding, legacyPickle, dialect, logger });
  const isOwnHost = hostCheck(options.host, options.cors);
  const refusals = new RefusalLog(logger);
  const logged =
    (check: Check): Check =>
    (request) => {
      const refusal = check(request);
      if (refusal !== undefined) {
        refusals.add(refusal);
      }
      return refusal;
    };
  // For whoever asks, by whatever name: they tell no more than whether the port is open does, or want the secret.
  const tellHandlers =
    options.edge &&
    handlersEndpoint(options.edge.secret, () =>
      edge === undefined ? {} : handlersReport(inspectServer(io, edge), edge.applications),
    );
  const endpoint: Endpoint = (request, response) => {
    if (request.url !== "/health") {
      return tellHandlers?.(request, response) ?? false;
    }
    response.writeHead(adapter.stats().lag === null ? 503 : 204).end();
    return true;
  };
  const refuseHost = logged((request) => refusalOfHost(request, isOwnHost));
  const http = createHttpServer(endpoint, refuseHost, options.demo);
  const origin = options.cors === true ? true : [...options.cors];
  const hasCors = origin === true || origin.length > 0;
  const io = new Server(http, {
    adapter,
    ...(hasCors ? { cors: { origin, credentials: true } } : {}),
    // An application behind an edge may accept namespaces of any name.
    cleanupEmptyChildNamespaces: true,
  });
  const refuse = logged((request) => refusalOf(request, options.cors, isOwnHost));
  io.engine.use((request: IncomingMessage, _response: unknown, next: (error?: Error) => void) => {
    const refusal = refuse(request);
    next(refusal && new Error(refusal.message));
  });
  let edge: Edge | undefined;
  const queue = redactUrl(url);
  const snippet = pythonSnippet(queue, options.channels[0] as string, options.demo);
  try {
    if (options.demo) {
      handleLivePageEvents(io, adapter, { snippet });
    }
    await app?.(io);
    if (options.edge !== undefined) {
      edge = new Edge(io, adapter, { ...options.edge, logger });
      // Not before the workers are known: their `connect` handlers decide who may come in.
      await readyUnless(edge, options.signal);
    }
    const { port } = await listen(http, options.port, options.host);
    const host = options.host.includes(":") ? `[${options.host}]` : options.host;
    return {
      url: `http://${host}:${port}/`,
      queue,
      isEmbedded: broker !== undefined,
      snippet,
      pythonPackages: pythonPackages(queue),
      adapter,
      close: async () => {
        await io.close();
        await edge?.close();
        await broker?.close();
      },
    };
  } catch (error) {
    await io.close();
    await edge?.close();
    throw error;
  }
}
