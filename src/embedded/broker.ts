import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { debugLog } from "../util/debug.js";
import { Channels } from "./channels.js";
import { Connection, type ConnectionLimits } from "./connection.js";

const debug = debugLog("embedded");

/** What clients may use. */
export interface BrokerLimits extends ConnectionLimits {
  /** Clients at a time. One more gets an error and is disconnected. */
  readonly maxConnections: number;
}

export interface EmbeddedBroker {
  /** For clients: `redis://127.0.0.1:PORT`. */
  readonly url: string;
  /** Disconnects every client and frees the port. Idempotent. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const DEFAULT_LIMITS: BrokerLimits = {
  maxRequestBytes: 64 * MIB,
  maxOutputBytes: 32 * MIB,
  maxConnections: 1000,
};

/** Only loopback: whoever reaches the port may read and write every channel. */
const HOST = "127.0.0.1";

/** Connections beyond the limit that may be open while they get their error; the kernel refuses further ones. */
const MAX_REFUSED_CONNECTIONS = 64;

/**
 * Starts a pub/sub server on a loopback port for Redis clients (RESP2 and RESP3), so that development needs no Redis. It
 * stores nothing and has no keys. It runs in this process, and keeps the process alive until `close()`.
 *
 * @param limits - changes to the defaults
 */
export async function startEmbeddedBroker(limits: Partial<BrokerLimits> = {}): Promise<EmbeddedBroker> {
  const { maxConnections, ...connectionLimits } = { ...DEFAULT_LIMITS, ...limits };
  const channels = new Channels();
  const clients = new Set<Connection>();
  const sockets = new Set<Socket>();
  // Half-open: a client that has closed its sending side still gets its replies.
  const server = createServer({ allowHalfOpen: true });
  server.maxConnections = maxConnections + MAX_REFUSED_CONNECTIONS;
  let lastId = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    lastId += 1;
    const connection = new Connection(lastId, socket, channels, connectionLimits, () => clients.delete(connection));
    if (clients.size < maxConnections) {
      debug("client %d connected", lastId);
      clients.add(connection);
    } else {
      connection.refuse("max number of clients reached");
    }
  });
  const port = await listen(server);
  // Accepting a connection failed, for example for lack of file descriptors. Existing clients are not affected.
  server.on("error", () => {});
  let closed: Promise<void> | undefined;
  return {
    url: `redis://${HOST}:${port}`,
    close() {
      closed ??= shutDown(server, sockets);
      return closed;
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, HOST, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function shutDown(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) {
      socket.destroy();
    }
  });
}
