import type { ConnectionOptions } from "node:tls";
import type { Credentials, CredentialsProvider } from "../options.js";
import type { RedisOptions } from "./url.js";

/** @internal What `createClient()` of node-redis was given, with the parts of its `url` added by node-redis itself. */
export interface NodeRedisOptions {
  readonly socket?: NodeRedisSocketOptions | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: number | undefined;
  /** The name of the connection. */
  readonly name?: string | undefined;
  /** From version 5 on. Made by node-redis itself from `username` and `password`, where there are any. */
  readonly credentialsProvider?: NodeRedisCredentials | undefined;
}

/** The two kinds of `CredentialsProvider` of node-redis. */
type NodeRedisCredentials =
  | { readonly type: "async-credentials-provider"; credentials(): Promise<Partial<Credentials>> }
  | {
      readonly type: "streaming-credentials-provider";
      subscribe(listener: object): Promise<readonly [Partial<Credentials>, { dispose(): void }]>;
    };

/** Beside these, the options of `tls.connect()`. */
interface NodeRedisSocketOptions extends ConnectionOptions {
  readonly tls?: boolean | undefined;
  readonly family?: number | undefined;
  readonly reconnectStrategy?: unknown;
  readonly noDelay?: boolean | undefined;
  /** A number in version 4. */
  readonly keepAlive?: unknown;
  readonly keepAliveInitialDelay?: number | undefined;
  readonly connectTimeout?: number | undefined;
  readonly socketTimeout?: number | undefined;
}

/** A client of node-redis, by what only such a client has. */
export function isNodeRedisClient(client: object): client is { readonly options?: NodeRedisOptions } {
  return "isOpen" in client;
}

/**
 * Options of node-redis 4 and later in terms of ioredis, except for its `credentialsProvider`. How it reconnects
 * (`reconnectStrategy`, as the `retryStrategy` of ioredis) and keeps connections alive is not taken over: a bus has its own
 * way.
 */
export function toIoredisOptions(options: NodeRedisOptions = {}): RedisOptions {
  const { socket = {}, username, password, database, name } = options;
  const { tls, host, port, path, family } = socket;
  return defined({
    ...(path === undefined ? { host, port, family } : { path }),
    username,
    password,
    db: database,
    connectionName: name,
    tls: tls === true ? tlsOptions(socket) : undefined,
  });
}

/** Without a password there is no login, whatever the user name. */
const NOBODY: Credentials = { username: "", password: "" };

/**
 * The `credentialsProvider` of a client. From one that streams, the credentials of the moment are taken for each
 * connection: a connection that stands does not log in again.
 */
export function credentialsProviderOf(options: NodeRedisOptions = {}): CredentialsProvider | undefined {
  const { credentialsProvider: provider } = options;
  if (provider === undefined) {
    return undefined;
  }
  return async () => {
    const { username, password } =
      provider.type === "streaming-credentials-provider" ? await firstOf(provider) : await provider.credentials();
    return password === undefined || password === "" ? NOBODY : { username: username ?? "", password };
  };
}

async function firstOf(
  provider: Extract<NodeRedisCredentials, { readonly type: "streaming-credentials-provider" }>,
): Promise<Partial<Credentials>> {
  const [credentials, subscription] = await provider.subscribe({ onNext() {}, onError() {} });
  subscription.dispose();
  return credentials;
}

function tlsOptions(socket: NodeRedisSocketOptions): ConnectionOptions {
  const { tls, host, port, path, family, reconnectStrategy, connectTimeout, socketTimeout, ...others } = socket;
  const { noDelay, keepAlive, keepAliveInitialDelay, ...options } = others;
  return options;
}

/** ioredis takes an option that is undefined for one that was set. */
function defined(options: { readonly [Option in keyof RedisOptions]: RedisOptions[Option] | undefined }): RedisOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
