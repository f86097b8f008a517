import type { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";
import { brokerError } from "../core/broker-error.js";
import type { AskCredentials } from "../core/credentials.js";
import { silence } from "./quiet.js";
import { guardReplies } from "./reply-guard.js";
import { askServerInfo, type ServerInfo } from "./role.js";
import { sentinelWatch } from "./sentinel.js";
import { guardSockets, onTurnedAway } from "./sockets.js";
import type { RedisOptions } from "./url.js";

/** @internal How to reach Redis. */
export interface RedisConnector {
  /** Makes a client with these options over those of the user. */
  open(options: RedisOptions): Redis;
  /** Whether only nodes of a cluster will do. */
  readonly isCluster: boolean;
  /** Who logs in over the next connection. @default whom the options of the client name */
  readonly credentials?: AskCredentials | undefined;
}

/** What happens to a connection. */
export interface ConnectionEvents {
  onError(error: BridgeError): void;
  /** It can be used from now on, until its event "close". */
  onConnected(server: ServerInfo): void;
}

/** Whatever the user's options are. */
const OPTIONS: RedisOptions = {
  lazyConnect: true,
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
  // At once: whatever is disconnected is given up. Until then ioredis keeps a timer, also for a socket that is gone.
  disconnectTimeout: 0,
};

/** A broker that accepts a connection and then says nothing is given up after this, in milliseconds. */
export const HANDSHAKE_MS = 10_000;
export const WITHIN = ` within ${HANDSHAKE_MS / 1_000} s`;

/** How long a socket may take to close, in milliseconds. */
const END_MS = 1_000;

/** Of each connection: aborted when no further attempt is to be made. */
const ENDINGS = new WeakMap<Redis, AbortController>();

/**
 * Opens a connection of our own, again and again. A server that cannot serve a fleet is a failure like any other: the
 * address may lead to another one at the next attempt.
 */
export function openConnection(connector: RedisConnector, events: ConnectionEvents): Redis {
  const ending = new AbortController();
  const sentinels = sentinelWatch(ending.signal);
  // Not those of ioredis, which start again at every server that accepts a connection.
  let attempts = 0;
  const nextDelay = () => {
    attempts += 1;
    return backoff(attempts);
  };
  const options = { ...OPTIONS, ...sentinels.options, retryStrategy: nextDelay };
  const connection = guardReplies(guardSockets(silence(connector.open(options))));
  ENDINGS.set(connection, ending);
  sentinels.watch(connection);
  const tell = (what: string) =>
    events.onError(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `Redis at ${address(connection)}${what}`));
  let isTurnedAway = false;
  let handshake: NodeJS.Timeout | undefined;
  connection.on("error", (cause: Error) => {
    const reason = sentinels.reasonOf(cause);
    if (reason !== undefined && !isTurnedAway) {
      events.onError(brokerError(`Redis at ${address(connection)}`, cause, reason || undefined));
    }
  });
  connection.on("connect", () => {
    isTurnedAway = false;
    onTurnedAway(connection, (reason) => {
      isTurnedAway = true;
      tell(`: ${reason}`);
    });
    handshake = setTimeout(() => {
      const isMute = connection.stream.bytesRead === 0;
      tell(isMute ? ` accepts connections, and answers nothing${WITHIN}` : ` was not ready${WITHIN}`);
      connection.disconnect(true);
    }, HANDSHAKE_MS);
  });
  connection.on("ready", async () => {
    const server = await askServerInfo(connection);
    const obstacle = server === undefined ? undefined : obstacleOf(server, connector.isCluster);
    if (obstacle !== undefined) {
      tell(` ${obstacle}`);
      connection.disconnect(true);
    } else if (server === undefined) {
      // Lost already, or to be tried again.
      connection.disconnect(true);
    } else {
      clearTimeout(handshake);
      attempts = 0;
      events.onConnected(server);
    }
  });
  connection.on("close", () => {
    isTurnedAway = false;
    clearTimeout(handshake);
  });
  keepConnecting(connection, connector.credentials, nextDelay, ending.signal);
  connection.connect().catch(() => {});
  return connection;
}

/**
 * ioredis reconnects by itself when it has lost a socket. An attempt that fails before there is one, because no Sentinel
 * knows the master or nobody knows the password, would be its last.
 */
function keepConnecting(
  connection: Redis,
  credentials: AskCredentials | undefined,
  nextDelay: () => number,
  signal: AbortSignal,
): void {
  const connectOnce = connection.connect.bind(connection);
  const { username } = connection.options;
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
        const delay = nextDelay();
        connection.emit("reconnecting", delay);
        await pause(delay, signal);
      }
    }
  }

  // Also for ioredis, which calls it to reconnect.
  connection.connect = () => {
    connecting ??= connectOrRetry().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
}

/** Why a server cannot serve a fleet, in words that follow its name. */
function obstacleOf({ isLoneReplica, isClusterNode }: ServerInfo, isCluster: boolean): string | undefined {
  if (isLoneReplica) {
    return "is a replica: what is published there reaches no other server. Use the address of the primary, or Sentinel";
  }
  return isCluster && isClusterNode === false ? "is not a node of a cluster: use redis:// for it" : undefined;
}

export function address({ options: { host, port, path, sentinels } }: Redis): string {
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
  await atMost(END_MS, ended);
}
