import type * as amqplib from "amqplib";
import type { BridgeError } from "../../errors.js";
import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";
import { brokerError } from "../core/broker-error.js";
import type { AmqpTarget } from "./url.js";

/** What amqplib adds to an error that the broker has sent. */
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

/** How long a connection may take to say goodbye, in milliseconds. */
const END_MS = 1_000;

/** A connection that lived shorter than this in milliseconds is an attempt that failed. */
const SHORT_LIFE_MS = 1_000;

/** The broker's own words, without those that amqplib puts around them. */
export function amqpError(what: string, cause: Error): BridgeError {
  return brokerError(what, cause, / with message "(.*)"$/s.exec(cause.message)?.[1]);
}

/** amqplib does not pass on why the broker closes a connection at this point, and there is but one reason. */
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
  /** Seconds. */
  readonly heartbeat: number;
  /** Shown by the broker's management. */
  readonly name: string;
  onOpen(connection: OpenConnection): void;
  onLost(): void;
  onRetry(delay: number): void;
  onError(error: BridgeError): void;
}

const nameOf = ({ host, port }: AmqpTarget): string => `RabbitMQ at ${host}:${port}`;

/** One connection of ours, opened again whenever it is lost, until it is closed. */
export class RabbitmqConnection {
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #open: OpenConnection | undefined;
  /** Its abort destroys the socket, at whatever stage. amqplib leaves one open whose peer is silent. */
  #socket = new AbortController();
  #waiting = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  get open(): OpenConnection | undefined {
    return this.#open;
  }

  /** The broker is there again: a pause before the next attempt is over. */
  retryNow(): void {
    this.#waiting.abort();
  }

  /** It is dead, whatever it looks like: connects anew. */
  replace(reason: string): void {
    this.#socket.abort(new Error(reason));
  }

  /** Resolves when the socket is gone, and no further attempt will be made. */
  async close(): Promise<void> {
    this.#closing.abort();
    const patience = new AbortController();
    const goodbye = this.#open?.model.close().catch(() => {});
    await Promise.race([goodbye, pause(END_MS, patience.signal)]);
    patience.abort();
    this.#socket.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { targets, onRetry, onError } = this.#options;
    let attempt = 0;
    for (let turn = 0; !this.#closing.signal.aborted; ) {
      const target = targets[turn % targets.length] as AmqpTarget;
      const since = performance.now();
      const { cause, wasOpen } = await this.#live(target);
      const { signal } = this.#socket;
      // What amqplib makes of that is an operation that was aborted.
      const reason = signal.aborted ? (signal.reason as Error) : cause;
      this.#socket.abort();
      if (this.#closing.signal.aborted) {
        return;
      }
      onError(connectionError(reason, target, nameOf(target)));
      const isFailure = !wasOpen || performance.now() - since < SHORT_LIFE_MS;
      attempt = isFailure ? attempt + 1 : 1;
      turn += isFailure ? 1 : 0;
      const delay = backoff(attempt);
      onRetry(delay);
      this.#waiting = new AbortController();
      await pause(delay, AbortSignal.any([this.#closing.signal, this.#waiting.signal]));
    }
  }

  /** The whole life of one connection. @returns why it ended; never rejects */
  async #live(target: AmqpTarget): Promise<{ cause: Error; wasOpen: boolean }> {
    this.#socket = new AbortController();
    const { signal } = this.#socket;
    let model: amqplib.ChannelModel;
    try {
      model = await this.#connect(target, signal);
    } catch (error) {
      return { cause: error as Error, wasOpen: false };
    }
    const lifetime = new AbortController();
    const lost = new Promise<Error>((resolve) => {
      // Told by "close" as well.
      model.on("error", () => {});
      model.on("close", (reason?: Error) => {
        // At once: its channels were closed before it, and who hears of that has to know why.
        lifetime.abort();
        resolve(reason ?? new Error("the connection was closed"));
      });
    });
    this.#open = { name: nameOf(target), model, lifetime: lifetime.signal };
    this.#options.onOpen(this.#open);
    const cause = await lost;
    this.#open = undefined;
    this.#options.onLost();
    return { cause, wasOpen: true };
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
