import type { Redis } from "ioredis";
import type { BridgeError } from "../../errors.js";
import { backoff } from "../../util/backoff.js";
import { brokerError } from "../core/broker-error.js";
import type { RedisOptions } from "./url.js";

/** Ours, whatever the client that was handed in has. */
const OPTIONS: RedisOptions = {
  lazyConnect: true,
  retryStrategy: backoff,
  connectTimeout: 5_000,
  // The outbox keeps what is not confirmed and sends it again, within its bounds and in order.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // A reply that is late is no reason to think that the broker has not done it.
  commandTimeout: undefined,
  // The bus subscribes, so that it can tell when that succeeded.
  autoResubscribe: false,
  sentinelCommandTimeout: 5_000,
};

/** A broker that accepts a connection and then says nothing is given up after this, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** How long a socket may take to close, in milliseconds. */
const END_MS = 1_000;

/** Opens a connection of our own; failures are "error" events, and it goes on trying. */
export function openConnection(open: (options: RedisOptions) => Redis, onError: (error: BridgeError) => void): Redis {
  const connection = open(OPTIONS);
  let handshake: NodeJS.Timeout | undefined;
  connection.on("error", (cause: Error) => onError(brokerError(`Redis at ${address(connection)}`, cause)));
  connection.on("connect", () => {
    handshake = setTimeout(() => connection.disconnect(true), HANDSHAKE_MS);
  });
  connection.on("ready", () => clearTimeout(handshake));
  connection.on("close", () => clearTimeout(handshake));
  connection.connect().catch(() => {});
  return connection;
}

function address({ options: { host, port, path, sentinels } }: Redis): string {
  return path ?? (sentinels ?? [{ host, port }]).map((at) => `${at.host}:${at.port}`).join(", ");
}

/** The states of ioredis in which there is no socket: its "end" event would never come. */
const WITHOUT_SOCKET: readonly string[] = ["wait", "reconnecting", "close", "end"];

/** Resolves when the socket is gone, and no further attempt will be made. */
export function endConnection(connection: Redis | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (connection === undefined || WITHOUT_SOCKET.includes(connection.status)) {
      connection?.disconnect();
      resolve();
      return;
    }
    // ioredis does not stop asking a Sentinel that does not answer; its own timeout ends that.
    const deadline = setTimeout(resolve, END_MS);
    connection.once("end", () => {
      clearTimeout(deadline);
      resolve();
    });
    connection.disconnect();
  });
}
