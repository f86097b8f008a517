import { createHash, timingSafeEqual } from "node:crypto";
import { type AddressInfo, createServer, isIPv4, type Server, type Socket } from "node:net";
import { BridgeError } from "../errors.js";
import { integerInRange } from "../util/validation.js";
import type { Broker } from "./command.js";
import { Connection } from "./connection.js";
import { PubSub } from "./pubsub.js";

export interface EmbeddedBrokerOptions {
  /** TCP port. @default 0, any free port */
  readonly port?: number;
  /** A loopback address: `127.x.x.x`, `::1` or `localhost`. @default "127.0.0.1" */
  readonly host?: string;
  /** What clients must give with AUTH or HELLO, as user `default`. @default none is asked for */
  readonly password?: string;
  /** The arguments of one request together, in bytes. A client that sends more is disconnected. @default 64 MiB */
  readonly maxMessageBytes?: number;
  /**
   * What a subscriber may leave unread, in bytes, before it is disconnected; a single message of more does that too.
   * @default 32 MiB
   */
  readonly maxOutputBytes?: number;
  /** Clients at a time. One more is told so and disconnected. @default 1000 */
  readonly maxConnections?: number;
}

export interface EmbeddedBroker {
  /** What clients connect to: `redis://127.0.0.1:PORT`, with the password when there is one. */
  readonly url: string;
  readonly port: number;
  /** Disconnects every client and frees the port. Idempotent. */
  close(): Promise<void>;
}

type Options = Required<Omit<EmbeddedBrokerOptions, "password">> & Pick<EmbeddedBrokerOptions, "password">;

const MIB = 1024 * 1024;
/** Redis's own limit of a bulk string; well below the largest string and buffer of V8. */
const MAX_BYTES = 512 * MIB;
/** Clients that are being told that there is no room, at a time; the kernel turns away the next. */
const TURNED_AWAY = 64;

/**
 * Starts a pub/sub server on a loopback port that Redis clients can talk to (RESP2 and RESP3), for development:
 * redis-py, ioredis and redis-cli need no Redis then. It keeps nothing and knows no keys.
 *
 * It runs in this process and keeps the process alive until `close()`.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION` for a host that is not loopback, a port that is taken, or a bad value
 */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<EmbeddedBroker> {
  const normalized = normalize(options);
  const auth = normalized.password === undefined ? "" : `:${encodePassword(normalized.password)}@`;
  const sockets = new Set<Socket>();
  // A client that has closed its sending half still gets its replies.
  const server = createServer({ allowHalfOpen: true });
  server.maxConnections = normalized.maxConnections + TURNED_AWAY;
  const port = await listen(server, normalized);
  serve({ server, sockets, port }, normalized);
  const host = normalized.host.includes(":") ? `[${normalized.host}]` : normalized.host;
  let closed: Promise<void> | undefined;
  return {
    url: `redis://${auth}${host}:${port}`,
    port,
    close() {
      closed ??= shutDown(server, sockets);
      return closed;
    },
  };
}

function normalize(options: EmbeddedBrokerOptions): Options {
  const { port = 0, host = "127.0.0.1", password } = options;
  if (password === "") {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "password must not be empty; leave it out to ask for none");
  }
  return {
    port: integerInRange("port", port, 0, 65_535),
    host: loopback(host),
    maxMessageBytes: integerInRange("maxMessageBytes", options.maxMessageBytes ?? 64 * MIB, 1, MAX_BYTES),
    maxOutputBytes: integerInRange("maxOutputBytes", options.maxOutputBytes ?? 32 * MIB),
    maxConnections: integerInRange("maxConnections", options.maxConnections ?? 1000, 1, 65_535),
    ...(password === undefined ? {} : { password }),
  };
}

/** Anyone who reaches the port may read and write every channel, so it is not opened to a network. */
function loopback(host: string): string {
  if (host === "localhost") {
    return "127.0.0.1";
  }
  if (host === "::1" || (isIPv4(host) && host.startsWith("127."))) {
    return host;
  }
  throw new BridgeError(
    "BRIDGE_INVALID_OPTION",
    `the embedded broker listens on loopback addresses only, not on ${host}`,
  );
}

function encodePassword(password: string): string {
  try {
    return encodeURIComponent(password);
  } catch (cause) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "password must be well-formed Unicode, to fit into a URL", {
      cause,
    });
  }
}

function listen(server: Server, { host, port }: Options): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const what = `the embedded broker cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new BridgeError("BRIDGE_INVALID_OPTION", what, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

interface Listening {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly port: number;
}

function serve({ server, sockets, port }: Listening, options: Options): void {
  const pubsub = new PubSub();
  const broker: Broker = {
    pubsub,
    port,
    since: performance.now(),
    maxConnections: options.maxConnections,
    clients: new Set(),
    checkPassword: options.password === undefined ? undefined : passwordCheck(options.password),
  };
  let lastId = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    lastId += 1;
    const connection = new Connection(lastId, socket, broker, options);
    if (broker.clients.size < options.maxConnections) {
      broker.clients.add(connection);
    } else {
      connection.refuse("max number of clients reached");
    }
  });
  // The system could not accept a connection, out of file descriptors perhaps. Those that are there go on.
  server.on("error", () => {});
}

/** Compares digests, which takes the same time wherever the difference is. */
function passwordCheck(password: string): (given: Buffer) => boolean {
  const digest = (value: string | Buffer) => createHash("sha256").update(value).digest();
  const expected = digest(password);
  return (given) => timingSafeEqual(digest(given), expected);
}

function shutDown(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) {
      socket.destroy();
    }
  });
}
