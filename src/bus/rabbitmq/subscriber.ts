import { randomUUID } from "node:crypto";
import type { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { brokerError } from "../core/broker-error.js";
import type { BusCore } from "../core/bus-core.js";
import type { RabbitmqConnection, RabbitmqConnector } from "./connection.js";
import { RabbitmqConsumer } from "./consumer.js";
import type { RabbitmqPublisher } from "./publisher.js";

/** A message is taken for unreadable when the connection has failed of it this often. */
const MAX_PARSE_FAILURES = 2;

/** How long `close()` waits for the broker to delete our queues, in milliseconds. */
const REMOVE_MS = 10_000;

/** The connection that subscribes and receives, with a consumer for each channel. */
export class RabbitmqSubscriber {
  readonly #core: BusCore;
  readonly #connect: RabbitmqConnector;
  readonly #publisher: RabbitmqPublisher;
  /** In the names of its queues. */
  readonly #host = randomUUID().replaceAll("-", "");
  readonly #consumers = new Map<string, RabbitmqConsumer>();
  #connection: RabbitmqConnection | undefined;
  #parseFailures = 0;

  /** @param publisher - retries at once when this connects, and waits for other hosts when a restart cost all bindings */
  constructor(core: BusCore, connect: RabbitmqConnector, publisher: RabbitmqPublisher) {
    this.#core = core;
    this.#connect = connect;
    this.#publisher = publisher;
  }

  /** Connects, the first time. */
  subscribe(channel: string): void {
    const consumer = new RabbitmqConsumer(channel, this.#host, {
      onMessage: (payload) => this.#core.received(channel, payload),
      onActive: (areBindingsLost) => this.#onActive(channel, areBindingsLost),
      onGap: (error) => this.#core.status.error(error),
      onLost: (error) => {
        this.#core.subscriptionLost(channel);
        this.#publisher.gate.subscriptionLost();
        this.#core.status.errorOnce(error);
      },
      onRefused: (error) => this.#onRefused(channel, error),
      onUnanswered: (reason) => this.replace(reason),
    });
    this.#consumers.set(channel, consumer);
    this.#connection ??= this.#open();
    if (this.#connection.open !== undefined) {
      consumer.consume(this.#connection.open);
    }
  }

  /** Opens another connection. */
  replace(reason: string): void {
    this.#connection?.replace(reason);
  }

  /** The broker is known to be back. */
  retryNow(): void {
    this.#connection?.retryNow();
  }

  async close(): Promise<void> {
    await atMost(REMOVE_MS, this.#removeQueues());
    await this.#connection?.close();
  }

  #open(): RabbitmqConnection {
    return this.#connect("subscriber", {
      onOpen: (connection) => {
        this.#publisher.retryNow();
        for (const consumer of this.#consumers.values()) {
          consumer.consume(connection);
        }
      },
      onLost: (reason) => {
        for (const channel of this.#core.subscriptions.channels) {
          this.#core.subscriptionLost(channel);
        }
        this.#publisher.gate.subscriptionLost();
        this.#skipUnreadable(reason);
      },
      onRetry: (delay) => this.#publisher.gate.subscriberReconnecting(delay),
      onError: (error) => this.#core.status.errorOnce(error),
    });
  }

  /**
   * Untrusted input: amqplib closes the connection when it throws on a message, such as on headers that are nested too
   * deeply, and the broker delivers the same message first over the next one. So the queue is given up.
   */
  #skipUnreadable(reason: Error): void {
    // Between two of these the connection may be lost for another reason: RabbitMQ 4 takes seconds to send such headers.
    this.#parseFailures += reason instanceof RangeError || reason instanceof TypeError ? 1 : 0;
    if (this.#parseFailures === MAX_PARSE_FAILURES) {
      this.#parseFailures = 0;
      const message = "amqplib cannot read a message: what waited behind it is lost to this host";
      this.#core.status.error(brokerError(message, reason));
      for (const consumer of this.#consumers.values()) {
        consumer.replaceQueue();
      }
    }
  }

  #onActive(channel: string, areBindingsLost: boolean): void {
    if (areBindingsLost) {
      this.#publisher.bindingsLost();
    }
    this.#core.subscribed(channel);
    this.#publisher.gate.openIfReady();
  }

  /** @returns whether to keep asking */
  #onRefused(channel: string, error: BridgeError): boolean {
    const isWanted = this.#core.refused(channel, error);
    if (!isWanted) {
      this.#consumers.delete(channel);
    }
    this.#publisher.gate.openIfReady();
    return isWanted;
  }

  /** Never rejects: a queue that is out of reach now expires by itself. */
  async #removeQueues(): Promise<void> {
    const connection = this.#connection?.open;
    if (connection !== undefined) {
      await Promise.allSettled([...this.#consumers.values()].map((consumer) => consumer.remove(connection)));
    }
  }
}
