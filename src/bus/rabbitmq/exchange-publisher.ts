import { isUtf8 } from "node:buffer";
import type { ConfirmChannel, Options } from "amqplib";
import type { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import type { Entry } from "../core/outbox.js";
import { startRetryLoop } from "../core/retry-loop.js";
import { type AmqpError, amqpError, EXCHANGE, endOf, type OpenConnection } from "./connection.js";

/** Both managers of Python publish so, and their queues are of no use without it after a restart of the broker. */
const PERSISTENT = { persistent: true } as const;

/**
 * Kombu decodes by the content type: text to str, which every python-socketio reads as JSON, anything else to bytes. Text
 * that is not UTF-8 would raise in its listener. aio-pika reads neither.
 */
function properties(payload: Buffer): Options.Publish {
  return isUtf8(payload)
    ? { ...PERSISTENT, contentType: "text/plain", contentEncoding: "utf-8" }
    : { ...PERSISTENT, contentType: "application/data", contentEncoding: "binary" };
}

/** The error of amqplib for a publish that the broker has answered with basic.nack. */
const NACKED = "message nacked";

const NOT_TAKEN = "a queue that is bound to it did not take it: it is full, or its node is down";

/** The class of AMQP that publishing belongs to. */
const CLASS_BASIC = 60;

/** A channel that lived shorter than this, in milliseconds, is a failed attempt. */
const SHORT_LIFE_MS = 1_000;

const debug = debugLog("rabbitmq");

interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly ended: Promise<AmqpError | undefined>;
}

export interface ExchangePublisherEvents {
  onConfirmed(entry: Entry): void;
  onRefused(entry: Entry, error: BridgeError): void;
  onError(error: BridgeError): void;
  /** The broker does not let us publish here: the next message needs a new publisher. */
  onEnd(): void;
}

/**
 * Publishes to one exchange over one connection. It has a channel of its own, because an error ends the channel for all
 * that is published over it.
 */
export class ExchangePublisher {
  readonly #exchange: string;
  readonly #connection: OpenConnection;
  readonly #events: ExchangePublisherEvents;
  /** In the order in which they are published; over a new channel they are published again. */
  readonly #unconfirmed = new Set<Entry>();
  /** Rejects the heartbeats that are not confirmed. */
  readonly #heartbeats = new Set<(reason: Error) => void>();
  #opening: Promise<OpenChannel> | undefined;
  #channel: ConfirmChannel | undefined;

  constructor(exchange: string, connection: OpenConnection, events: ExchangePublisherEvents) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#events = events;
    startRetryLoop({
      session: (connected) => this.#session(connected),
      onFailure: ({ delay }) => debug("a channel for %o again in %d ms", exchange, delay),
      signal: connection.lifetime,
      minLifetime: SHORT_LIFE_MS,
    });
  }

  send(entry: Entry): void {
    this.#unconfirmed.add(entry);
    if (this.#channel !== undefined) {
      this.#publish(this.#channel, entry);
    }
  }

  /** Resolves when the broker has confirmed it; rejects if that becomes doubtful. */
  async sendHeartbeat(payload: Buffer): Promise<void> {
    const open = await this.#opening;
    await new Promise<void>((resolve, reject) => {
      this.#heartbeats.add(reject);
      open?.channel.publish(this.#exchange, "", payload, properties(payload), (error) => {
        this.#heartbeats.delete(reject);
        return error ? reject(error) : resolve();
      });
    });
  }

  forgetHeartbeats(): void {
    for (const reject of this.#heartbeats) {
      reject(new Error("not confirmed"));
    }
    this.#heartbeats.clear();
  }

  /** The life of one channel. Rejects when another is to be opened. */
  async #session(connected: () => void): Promise<void> {
    let reason: AmqpError | undefined;
    try {
      this.#opening = this.#open();
      const { ended } = await this.#opening;
      connected();
      reason = await ended;
    } catch (error) {
      reason = error as AmqpError;
    }
    this.#channel = undefined;
    this.forgetHeartbeats();
    if (!this.#connection.lifetime.aborted && this.#isWorthReopening(reason)) {
      throw reason ?? new Error("the channel was closed");
    }
  }

  async #open(): Promise<OpenChannel> {
    const channel = await this.#connection.model.createConfirmChannel();
    const ended = endOf(channel);
    await channel.assertExchange(this.#exchange, "fanout", EXCHANGE);
    this.#channel = channel;
    for (const entry of this.#unconfirmed) {
      this.#publish(channel, entry);
    }
    return { channel, ended };
  }

  #publish(channel: ConfirmChannel, entry: Entry): void {
    const { payload } = entry;
    try {
      channel.publish(this.#exchange, "", payload, properties(payload), (error) => this.#onAnswered(entry, error));
    } catch {
      // The broker has just closed the channel. The next one publishes again all that is not confirmed.
    }
  }

  #onAnswered(entry: Entry, error: Error | null): void {
    if (error === null) {
      this.#unconfirmed.delete(entry);
      this.#events.onConfirmed(entry);
    } else if (error.message === NACKED) {
      // All other queues have it: to publish it again would double it there, and to give it up would be untrue.
      this.#unconfirmed.delete(entry);
      this.#events.onConfirmed(entry);
      const { name } = this.#connection;
      this.#events.onError(
        amqpError(`${name} did not get a message to all readers of "${this.#exchange}"`, new Error(NOT_TAKEN)),
      );
    }
  }

  #refuse(entry: Entry, error: BridgeError): void {
    this.#unconfirmed.delete(entry);
    this.#events.onRefused(entry, error);
  }

  #error(reason: Error): BridgeError {
    return amqpError(`${this.#connection.name} refused to publish to "${this.#exchange}"`, reason);
  }

  #isWorthReopening(reason: AmqpError | undefined): boolean {
    const error = this.#error(reason ?? new Error("the channel was closed"));
    this.#events.onError(error);
    const entries = [...this.#unconfirmed];
    if (reason?.code === 406 && reason.classId === CLASS_BASIC) {
      // One message is larger than the broker accepts; it does not say which.
      const [largest] = entries.sort((one, other) => other.payload.byteLength - one.payload.byteLength);
      if (largest !== undefined) {
        this.#refuse(largest, error);
      }
      return true;
    }
    if (reason?.code === 403 || reason?.code === 406) {
      this.#events.onEnd();
      for (const entry of entries) {
        this.#refuse(entry, error);
      }
      return false;
    }
    // As after 404: somebody has deleted the exchange, and it is declared again.
    return true;
  }
}
