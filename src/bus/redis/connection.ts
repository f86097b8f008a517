import type { Redis } from "ioredis";
import type { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { backoff } from "../../util/backoff.js";
import { brokerError } from "../core/broker-error.js";
import type { RedisOptions } from "./url.js";

/** @internal Makes a client with these options over those of the user. */
export type RedisConnector = (options: RedisOptions) => Redis;

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

/** Opens a connection of our own; failures are passed to `onError`, and ioredis reconnects. */
export function openConnection(connect: RedisConnector, onError: (error: BridgeError) => void): Redis {
  const connection = connect(OPTIONS);
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

/** The states of ioredis in which there is no socket, so that its "end" event would never come. */
const WITHOUT_SOCKET: readonly string[] = ["wait", "reconnecting", "close", "end"];

/** Resolves when the socket is gone, and no further attempt will be made. */
export async function endConnection(connection: Redis | undefined): Promise<void> {
  if (connection === undefined || WITHOUT_SOCKET.includes(connection.status)) {
    connection?.disconnect();
    return;
  }
  const ended = new Promise<void>((resolve) => connection.once("end", () => resolve()));
  connection.disconnect();
  // ioredis keeps asking a Sentinel that does not reply; its own timeout ends that.
  await atMost(END_MS, ended);
}
