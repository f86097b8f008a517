import { Redis } from "ioredis";
import { backoff } from "../backoff.js";
import { BridgeError } from "../errors.js";
import type { RedisOptions } from "./redis-url.js";

/** Ours, whatever the client that was handed in has. */
const OPTIONS: RedisOptions = {
  lazyConnect: true,
  retryStrategy: backoff,
  // The outbox keeps what is not confirmed and sends it again, within its bounds and in order.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // The bus subscribes, so that it can tell when that succeeded.
  autoResubscribe: false,
};

/** Opens a connection of our own; failures are "error" events, and it goes on trying. */
export function openConnection(like: RedisOptions | Redis, onError: (error: BridgeError) => void): Redis {
  const connection = like instanceof Redis ? like.duplicate(OPTIONS) : new Redis({ ...like, ...OPTIONS });
  connection.on("error", (cause: Error) => onError(describeFailure(connection, cause)));
  connection.connect().catch(() => {});
  return connection;
}

/** Names host and reason; a password is in neither. */
function describeFailure(connection: Redis, cause: Error): BridgeError {
  const { host, port, path, sentinels } = connection.options;
  const where = path ?? (sentinels ?? [{ host, port }]).map((at) => `${at.host}:${at.port}`).join(", ");
  // When several addresses fail, Node throws them together in an error without a message.
  const reasons = cause instanceof AggregateError ? cause.errors.map((error) => (error as Error).message) : [];
  const reason = cause.message || reasons.join("; ") || "the connection failed";
  return new BridgeError("BROKER_UNAVAILABLE", `Redis at ${where}: ${reason}`, { cause });
}

/** The states of ioredis in which there is no socket: its "end" event would never come. */
const WITHOUT_SOCKET: readonly string[] = ["wait", "reconnecting", "close", "end"];

/** Resolves when the socket is gone, and no further attempt will be made. */
export function endConnection(connection: Redis | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (connection === undefined || WITHOUT_SOCKET.includes(connection.status)) {
      connection?.disconnect();
      resolve();
    } else {
      connection.once("end", () => resolve());
      connection.disconnect();
    }
  });
}
