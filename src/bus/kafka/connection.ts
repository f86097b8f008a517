import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { API, Connection, SASLOptions } from "@platformatic/kafka";
import { optionalPackage } from "../../util/optional-package.js";
import type { AskCredentials } from "../core/credentials.js";
import { loginOf } from "./login.js";
import type { KafkaAccess, KafkaAddress } from "./url.js";

export type Kafka = typeof import("@platformatic/kafka");

/** @throws BridgeError `BRIDGE_MISSING_PACKAGE` */
export function loadKafka(): Kafka {
  return optionalPackage<Kafka>("@platformatic/kafka", "kafka://");
}

/** A session that was connected for this long, in milliseconds, may have ended because it was idle, which is no outage. */
export const IDLE_CLOSE_MS = 1_000;

/** What went wrong with one broker, in text that holds no password. */
export class KafkaFailure extends Error {
  override readonly name = "KafkaFailure";
  /** The broker's error, such as `TOPIC_AUTHORIZATION_FAILED`; undefined where it did not answer. */
  readonly id: string | undefined;
  /** Whether the same request can succeed later. */
  readonly isTransient: boolean;

  constructor(reason: string, id?: string, isTransient = true) {
    super(reason);
    this.id = id;
    this.isTransient = isTransient;
  }
}

/** Whether the broker answered that it will not do this, however often it is retried. */
export function isRefusal(error: unknown): error is KafkaFailure {
  return error instanceof KafkaFailure && !error.isTransient;
}

/** What the client library takes for final: too few brokers are up yet; another connection has a login of its own. */
const TRANSIENT: readonly string[] = ["INVALID_REPLICATION_FACTOR", "ILLEGAL_SASL_STATE"];

/** The last step of a login that is renewed, whether it succeeds or not. */
const RENEWED = ["connect", "error", "close"] as const;

interface ErrorResponse {
  readonly apiId: string;
  readonly canRetry: boolean;
  readonly message: string;
  readonly serverErrorMessage: string | null;
}

/** The first error that the broker responded with, which the client library wraps in others. */
function errorResponse(error: unknown): ErrorResponse | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  if ("apiId" in error) {
    return error as unknown as ErrorResponse;
  }
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return inner.map(errorResponse).find((response) => response !== undefined);
}

/** The innermost message: those around it say only that a connection failed. */
function reasonOf(error: unknown): string {
  const response = errorResponse(error);
  if (response !== undefined) {
    return `${response.serverErrorMessage || response.message} (${response.apiId})`;
  }
  if (error instanceof AggregateError) {
    return error.errors.map(reasonOf).join("; ");
  }
  return error instanceof Error && error.cause !== undefined
    ? reasonOf(error.cause)
    : String((error as Error)?.message || error);
}

export interface KafkaConnectionOptions extends KafkaAccess {
  readonly kafka: Kafka;
  /** Who logs in over each connection. @default whom `sasl` names */
  readonly credentials: AskCredentials | undefined;
  /** Milliseconds that a request may take before the connection is given up. */
  readonly requestTimeout: number;
}

/**
 * An attempt whose packets are dropped must end soon, so that the next one starts when the network is back. A name server
 * may take longer.
 */
const TCP_CONNECT_MS = 1_500;

/** For TLS and login as well, in milliseconds. */
const CONNECT_MS = 5_000;

/** A broker that accepts a connection and then says nothing is given up after this, in milliseconds. */
const FIRST_ANSWER_MS = 10_000;

const ignore = (): void => {};

/** @returns ends it */
function limitTcpConnect(socket: Socket, host: string): () => void {
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => {
    if (socket.connecting) {
      socket.destroy(new Error(`no connection within ${TCP_CONNECT_MS} ms`));
    }
  };
  const start = () => {
    // What the network has answered while this process was blocked is read first.
    timer ??= setTimeout(() => setImmediate(giveUp), TCP_CONNECT_MS);
  };
  if (isIP(host) === 0) {
    socket.once("lookup", start);
  } else {
    start();
  }
  return () => {
    socket.off("lookup", start);
    clearTimeout(timer);
  };
}

/** One connection to one broker. It does not reconnect: its user opens another. */
export class KafkaConnection {
  readonly address: string;
  readonly #kafka: Kafka;
  readonly #connection: Connection;
  #hasAnswered: boolean;
  /** Given up, for which the client library gives another reason. */
  #isMute = false;
  #renewal: Promise<void> | undefined;

  private constructor(address: string, kafka: Kafka, connection: Connection, hasAnswered: boolean) {
    this.address = address;
    this.#kafka = kafka;
    this.#connection = connection;
    this.#hasAnswered = hasAnswered;
  }

  /** @throws KafkaFailure */
  static async open(
    address: KafkaAddress,
    options: KafkaConnectionOptions,
    signal: AbortSignal,
  ): Promise<KafkaConnection> {
    const { sasl, credentials } = options;
    let login: SASLOptions | undefined;
    try {
      login = sasl === undefined ? undefined : await loginOf(sasl, credentials, signal);
    } catch (error) {
      throw new KafkaFailure(`Kafka at ${address.host}:${address.port}: ${(error as Error).message}`);
    }
    return KafkaConnection.#connect(address, options, login, signal);
  }

  static async #connect(
    { host, port }: KafkaAddress,
    { kafka, bootstrap, tls, requestTimeout }: KafkaConnectionOptions,
    sasl: SASLOptions | undefined,
    signal: AbortSignal,
  ): Promise<KafkaConnection> {
    const connection = new kafka.Connection("socketio-python-bridge", {
      connectTimeout: CONNECT_MS,
      requestTimeout,
      ...(sasl === undefined ? {} : { sasl }),
      ...(tls === undefined ? {} : { tls, tlsServerName: tls.servername ?? isIP(host) === 0 }),
    });
    // Each error is passed to a callback as well.
    connection.on("error", () => {});
    const giveUp = () => connection.socket.destroy(new Error("the connection is no longer wanted"));
    const connected = connection.connect(host, port);
    connection.socket.on("error", ignore);
    const endLimit = limitTcpConnect(connection.socket, host);
    signal.addEventListener("abort", giveUp, { once: true });
    const opened = new KafkaConnection(`${host}:${port}`, kafka, connection, sasl !== undefined);
    try {
      await connected;
      return opened;
    } catch (error) {
      opened.close();
      const isNamed = bootstrap.some((known) => known.host === host && known.port === port);
      const whose = isNamed ? "" : ", as its cluster advertises it";
      throw new KafkaFailure(`Kafka at ${opened.address}${whose}: ${reasonOf(error)}`);
    } finally {
      endLimit();
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** @throws KafkaFailure */
  async call<Arguments extends unknown[], Response>(
    api: API<Arguments, Response>,
    ...args: Arguments
  ): Promise<Response> {
    await this.#untilLoggedIn();
    const timer = this.#hasAnswered ? undefined : setTimeout(() => this.#giveUp(), FIRST_ANSWER_MS);
    try {
      const response = await api.async(this.#connection, ...args);
      this.#hasAnswered = true;
      return response;
    } catch (error) {
      throw this.#failure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(): void {
    this.#isMute = true;
    this.#connection.socket.destroy();
  }

  /** @param errorCode - of a response */
  failureOf(errorCode: number): KafkaFailure {
    const { ProtocolError, protocolErrorsCodesById } = this.#kafka;
    return this.#failure(new ProtocolError(errorCode in protocolErrorsCodesById ? errorCode : -1));
  }

  close(): void {
    const { socket } = this.#connection;
    // Node cannot reset a socket that is being ended, and would keep it.
    if (!(socket instanceof TLSSocket || socket.connecting || socket.writableEnded)) {
      // What the network holds back must not arrive later, after what the next connection sends.
      socket.resetAndDestroy();
    }
    // `end()` would wait for what is not yet written.
    socket.destroy();
    // Otherwise a timer for the next login may stay.
    this.#connection.close().catch(() => {});
    // The client library takes one error of a socket, and one more after it is closed. The next would end the process.
    socket.on("error", ignore);
  }

  /**
   * From the first request of a login to its last, which may wait for a token, a broker takes nothing else
   * (`SaslServerAuthenticator`), though the client library would send it. Requests of a connection are handled in order,
   * so those before need not be waited for.
   */
  async #untilLoggedIn(): Promise<void> {
    if (this.#connection.status === this.#kafka.ConnectionStatuses.REAUTHENTICATING) {
      this.#renewal ??= this.#renewed();
      await this.#renewal;
      this.#renewal = undefined;
    }
  }

  #renewed(): Promise<void> {
    const connection = this.#connection;
    return new Promise((resolve) => {
      const done = () => {
        for (const event of RENEWED) {
          connection.off(event, done);
        }
        resolve();
      };
      for (const event of RENEWED) {
        connection.on(event, done);
      }
    });
  }

  #failure(error: unknown): KafkaFailure {
    const response = errorResponse(error);
    const what = this.#isMute ? `no answer within ${FIRST_ANSWER_MS} ms` : reasonOf(error);
    const reason = `Kafka at ${this.address}: ${what}`;
    if (response !== undefined) {
      this.#hasAnswered = true;
      return new KafkaFailure(reason, response.apiId, response.canRetry || TRANSIENT.includes(response.apiId));
    }
    // A response that comes after its timeout would be taken for that of another request.
    this.close();
    // A broker closes the connection, and gives no reason, when it expects TLS or a login.
    return new KafkaFailure(this.#hasAnswered ? reason : `${reason}; does it want TLS or a login?`);
  }
}

/** The connections of one session: one to each broker that it needs, opened when first asked for. */
export class KafkaConnections {
  readonly #options: KafkaConnectionOptions;
  readonly #byAddress = new Map<string, Promise<KafkaConnection>>();
  readonly #abort = new AbortController();

  constructor(options: KafkaConnectionOptions) {
    this.#options = options;
  }

  /** @throws KafkaFailure */
  get(address: KafkaAddress): Promise<KafkaConnection> {
    const name = `${address.host}:${address.port}`;
    const known = this.#byAddress.get(name);
    if (known !== undefined) {
      return known;
    }
    const connection = KafkaConnection.open(address, this.#options, this.#abort.signal);
    this.#byAddress.set(name, connection);
    return connection;
  }

  /** Requests on their way fail. */
  close(): void {
    this.#abort.abort();
    for (const connection of this.#byAddress.values()) {
      connection.then(
        (open) => open.close(),
        () => {},
      );
    }
  }
}
