import type { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";
import { brokerError } from "../core/broker-error.js";
import type { AskCredentials } from "../core/credentials.js";
import { silence } from "./quiet.js";
import { sentinelWatch } from "./sentinel.js";
import type { RedisOptions } from "./url.js";

/** @internal Makes a client with these options over those of the user. */
export interface RedisConnector {
  (options: RedisOptions): Redis;
  /** Who logs in over the next connection. @default whom the options of the client name */
  readonly credentials?: AskCredentials | undefined;
}

/** Whatever the user's options are. */
const OPTIONS: RedisOptions = {
  lazyConnect: true,
  retryStrategy: backoff,
  connectTimeout: 5_000,
  // The outbox keeps what is not confirmed and sends it again, within its bounds and in order.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // A reply that is late does not mean that the broker has not done it.
  commandTimeout: undefined,
  // The bus subscribes itself, to know when that succeeded.
  autoResubscribe: false,
  sentinelCommandTimeout: 5_000,
};

/** A broker that accepts a connection and then says nothing is given up after this, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** How long a socket may take to close, in milliseconds. */
const END_MS = 1_000;

/** Of each connection: aborted when no further attempt is to be made. */
const ENDINGS = new WeakMap<Redis, AbortController>();

/** Opens a connection of our own, again and again; failures are passed to `onError`. */
export function openConnection(connect: RedisConnector, onError: (error: BridgeError) => void): Redis {
  const sentinels = sentinelWatch();
  const connection = silence(connect({ ...OPTIONS, ...sentinels.options }));
  sentinels.watch(connection);
  let handshake: NodeJS.Timeout | undefined;
  connection.on("error", (cause: Error) => {
    const reason = sentinels.reasonOf(cause);
    if (reason !== undefined) {
      onError(brokerError(`Redis at ${address(connection)}`, cause, reason || undefined));
    }
  });
  connection.on("connect", () => {
    handshake = setTimeout(() => connection.disconnect(true), HANDSHAKE_MS);
  });
  connection.on("ready", () => clearTimeout(handshake));
  connection.on("close", () => clearTimeout(handshake));
  keepConnecting(connection, connect.credentials);
  connection.connect().catch(() => {});
  return connection;
}

/**
 * ioredis reconnects by itself when it has lost a socket. An attempt that fails before there is one, because no Sentinel
 * knows the master or nobody knows the password, would be its last.
 */
function keepConnecting(connection: Redis, credentials: AskCredentials | undefined): void {
  const ending = new AbortController();
  const { signal } = ending;
  const connectOnce = connection.connect.bind(connection);
  const { username } = connection.options;
  let attempt = 0;
  let connecting: Promise<void> | undefined;

  async function connect(): Promise<void> {
    if (credentials !== undefined) {
      const login = await credentials(signal);
      Object.assign(connection.options, { username: login.username ?? username, password: login.password });
    }
    await (signal.aborted ? undefined : connectOnce());
  }

  async function connectOrRetry(): Promise<void> {
    while (!signal.aborted) {
      try {
        return await connect();
      } catch (error) {
        const isWithoutLogin = error instanceof BridgeError;
        if (signal.aborted || !(isWithoutLogin || connection.status === "end")) {
          throw error;
        }
        if (isWithoutLogin) {
          connection.emit("error", error);
        }
        attempt += 1;
        const delay = backoff(attempt);
        connection.emit("reconnecting", delay);
        await pause(delay, signal);
      }
    }
  }

  ENDINGS.set(connection, ending);
  connection.on("ready", () => {
    attempt = 0;
  });
  // Also for ioredis, which calls it to reconnect.
  connection.connect = () => {
    connecting ??= connectOrRetry().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
}

function address({ options: { host, port, path, sentinels } }: Redis): string {
  return path ?? (sentinels ?? [{ host, port }]).map((at) => `${at.host}:${at.port}`).join(", ");
}

/** The states of ioredis in which there is no socket, so that its "end" event would never come. */
const WITHOUT_SOCKET: readonly string[] = ["wait", "reconnecting", "close", "end"];

/** Resolves when the socket is gone, and no further attempt will be made. */
export async function endConnection(connection: Redis | undefined): Promise<void> {
  if (connection !== undefined) {
    ENDINGS.get(connection)?.abort();
  }
  if (connection === undefined || WITHOUT_SOCKET.includes(connection.status)) {
    connection?.disconnect();
    return;
  }
  const ended = new Promise<void>((resolve) => connection.once("end", () => resolve()));
  connection.disconnect();
  // ioredis keeps asking a Sentinel that does not reply; its own timeout ends that.
  await atMost(END_MS, ended);
}
