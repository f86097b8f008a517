import type * as amqplib from "amqplib";
import type { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { debugLog } from "../../util/debug.js";
import { brokerError } from "../core/broker-error.js";
import type { AskCredentials } from "../core/credentials.js";
import { type RetryFailure, type RetryLoop, startRetryLoop } from "../core/retry-loop.js";
import type { AmqpTarget } from "./url.js";

/** What amqplib adds to an error that the broker sent. */
export interface AmqpError extends Error {
  /** The reply code of AMQP 0-9-1: 403 access refused, 404 not found, 406 precondition failed, … */
  readonly code?: number;
  /** The class of the method that was refused. */
  readonly classId?: number;
}

/** As KombuManager and AsyncAioPikaManager declare it; RabbitMQ refuses a declaration that differs. */
export const EXCHANGE = { durable: false, autoDelete: false } as const;

/** Connecting and each step of the handshake may take as long, in milliseconds. */
const CONNECT_MS = 5_000;

/** How long a connection may take to close, in milliseconds. */
const END_MS = 1_000;

/** A connection that lived shorter than this, in milliseconds, is a failed attempt: the next one goes to the next broker. */
const SHORT_LIFE_MS = 1_000;

const debug = debugLog("rabbitmq");

/** With the broker's own text, without what amqplib puts around it. */
export function amqpError(what: string, cause: Error): BridgeError {
  return brokerError(what, cause, / with message "(.*)"$/s.exec(cause.message)?.[1]);
}

/** amqplib does not pass on why the broker closes a connection at this point, but there is only one reason. */
function connectionError(cause: Error, { vhost, username }: AmqpTarget, name: string): BridgeError {
  const isRefused = cause.message.startsWith("Expected ConnectionOpenOk; got <ConnectionClose");
  const reason = `the virtual host "${vhost}" does not exist, or "${username}" may not use it`;
  return isRefused ? brokerError(name, cause, reason) : amqpError(name, cause);
}

/** Resolves when a channel is gone, with the broker's reason if it has given one. Never rejects. */
export function endOf(channel: amqplib.Channel): Promise<AmqpError | undefined> {
  return new Promise((resolve) => {
    let reason: AmqpError | undefined;
    channel.on("error", (error: AmqpError) => {
      reason = error;
    });
    channel.on("close", () => resolve(reason));
  });
}

/** A connection that is open. */
export interface OpenConnection {
  /** "RabbitMQ at host:port", for errors. */
  readonly name: string;
  readonly model: amqplib.ChannelModel;
  /** Aborted when the connection is gone. */
  readonly lifetime: AbortSignal;
}

export interface ConnectionOptions {
  readonly connect: typeof amqplib.connect;
  readonly targets: readonly AmqpTarget[];
  /** Who logs in over the next connection. @default whom the target names */
  readonly credentials: AskCredentials | undefined;
  /** Seconds. */
  readonly heartbeat: number;
  /** Shown by the broker's management. */
  readonly name: string;
}

export interface ConnectionEvents {
  onOpen(connection: OpenConnection): void;
  onLost(reason: Error): void;
  onRetry(delay: number): void;
  onError(error: BridgeError): void;
}

/** @internal Opens a connection that publishes or subscribes. */
export type RabbitmqConnector = (role: "publisher" | "subscriber", events: ConnectionEvents) => RabbitmqConnection;

const nameOf = ({ host, port }: AmqpTarget): string => `RabbitMQ at ${host}:${port}`;

/** One connection of ours, opened again whenever it is lost, until it is closed. */
export class RabbitmqConnection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #closing = new AbortController();
  readonly #loop: RetryLoop;
  #open: OpenConnection | undefined;
  /** Which of the targets is next. */
  #turn = 0;
  /** Its abort destroys the socket, at whatever stage. amqplib leaves one open whose peer is silent. */
  #socket = new AbortController();

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#loop = startRetryLoop({
      session: (connected) => this.#session(connected),
      onFailure: (failure) => this.#onFailure(failure),
      signal: this.#closing.signal,
      minLifetime: SHORT_LIFE_MS,
    });
  }

  get open(): OpenConnection | undefined {
    return this.#open;
  }

  /** The broker is known to be back. */
  retryNow(): void {
    this.#loop.retryNow();
  }

  /** It is dead, whatever its state: opens another. */
  replace(reason: string): void {
    this.#socket.abort(new Error(reason));
  }

  /** Resolves when the socket is gone, and no further attempt will be made. */
  async close(): Promise<void> {
    this.#closing.abort();
    await atMost(END_MS, this.#open?.model.close().catch(() => {}) ?? Promise.resolve());
    this.#socket.abort();
    await this.#loop.ended;
  }

  /** The whole life of one connection. Rejects with the reason for its end. */
  async #session(connected: () => void): Promise<never> {
    const { targets, credentials } = this.#options;
    let target = targets[this.#turn % targets.length] as AmqpTarget;
    const socket = new AbortController();
    this.#socket = socket;
    try {
      const login = await credentials?.(socket.signal);
      target = {
        ...target,
        username: login?.username ?? target.username,
        password: login?.password ?? target.password,
      };
      const model = await this.#connect(target, socket.signal);
      connected();
      throw await this.#lossOf(model, nameOf(target));
    } catch (error) {
      // What amqplib reports then is an operation that was aborted.
      const reason = socket.signal.aborted ? socket.signal.reason : error;
      throw connectionError(reason as Error, target, nameOf(target));
    } finally {
      socket.abort();
    }
  }

  #onFailure({ error, delay, hasLasted }: RetryFailure): void {
    debug("%s; retrying in %d ms", (error as Error).message, delay);
    this.#events.onError(error as BridgeError);
    this.#turn += hasLasted ? 0 : 1;
    this.#events.onRetry(delay);
  }

  /** @returns why the connection was lost */
  async #lossOf(model: amqplib.ChannelModel, name: string): Promise<Error> {
    const lifetime = new AbortController();
    const lost = new Promise<Error>((resolve) => {
      // Followed by "close", which has the same reason.
      model.on("error", () => {});
      model.on("close", (reason?: Error) => {
        // At once: its channels were closed before it, and whoever notices that has to know why.
        lifetime.abort();
        resolve(reason ?? new Error("the connection was closed"));
      });
    });
    debug("%s connected (%s)", this.#options.name, name);
    this.#open = { name, model, lifetime: lifetime.signal };
    this.#events.onOpen(this.#open);
    const reason = await lost;
    this.#open = undefined;
    this.#events.onLost(reason);
    return reason;
  }

  #connect(target: AmqpTarget, signal: AbortSignal): Promise<amqplib.ChannelModel> {
    const { connect, heartbeat, name } = this.#options;
    const { host, port, username, password, vhost, tls } = target;
    const socket = { ...tls, timeout: CONNECT_MS, noDelay: true, clientProperties: { connection_name: name }, signal };
    const protocol = tls === undefined ? "amqp" : "amqps";
    // amqplib unescapes the virtual host.
    const at = { protocol, hostname: host, port, username, password, vhost: encodeURIComponent(vhost), heartbeat };
    return connect(at, socket);
  }
}
