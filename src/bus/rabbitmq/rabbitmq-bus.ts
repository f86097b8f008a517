import { randomUUID } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import type * as amqplib from "amqplib";
import { BridgeError } from "../../errors.js";
import { optionalPackage } from "../../util/optional-package.js";
import { pause } from "../../util/pause.js";
import type { Bus } from "../bus.js";
import { atMost } from "../core/broker-bus.js";
import { PairedBus } from "../core/paired-bus.js";
import type { BusOptions } from "../options.js";
import { type OpenConnection, RabbitmqConnection } from "./connection.js";
import { RabbitmqConsumer } from "./consumer.js";
import { RabbitmqPublisher } from "./publisher.js";
import { parseAmqpUrl } from "./url.js";

export interface RabbitmqBusOptions extends BusOptions {
  /** As kombu and aio-pika take it, `amqp://` or `amqps://`; several brokers of a cluster with `;` between them. */
  readonly url: string;
  /** For `amqps://`: options of `tls.connect()`, beside and before those of the URL. */
  readonly tls?: ConnectionOptions | undefined;
}

/** How long `close()` waits for the broker to delete our queues, in milliseconds. */
const REMOVE_MS = 10_000;

/** What AMQP takes as the name of an exchange, in bytes. */
const LONGEST_CHANNEL = 255;

const DEAF = "own messages did not come back in time";

/**
 * RabbitMQ, as `KombuManager` and `AsyncAioPikaManager` of python-socketio use it: a fanout exchange named after the
 * channel, and a queue per host. One connection publishes and another listens, so that a broker that is short of memory
 * and stops reading what publishes does not stop what listens.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function rabbitmqBus(options: RabbitmqBusOptions): Bus {
  return new RabbitmqBus(options);
}

class RabbitmqBus extends PairedBus {
  readonly name = "rabbitmq";
  protected readonly title = "RabbitMQ";
  /** In the names of its queues. */
  readonly #host = randomUUID().replaceAll("-", "");
  readonly #connect: (role: "publishes" | "listens", events: ConnectionEvents) => RabbitmqConnection;
  /** By channel. */
  readonly #readers = new Map<string, RabbitmqConsumer>();
  #publisher: RabbitmqConnection | undefined;
  #listener: RabbitmqConnection | undefined;
  #writer: RabbitmqPublisher | undefined;
  /** A restart has cost the broker everybody's bindings since messages last flowed. */
  #isForgetful = false;

  constructor(options: RabbitmqBusOptions) {
    super(options);
    this.#connect = connector(options, this.heartbeatInterval);
  }

  protected override invalid(channel: string): BridgeError | undefined {
    return Buffer.byteLength(channel) > LONGEST_CHANNEL ? tooLong(channel) : undefined;
  }

  protected listen(channel: string): void {
    const reader = this.#makeReader(channel);
    this.#readers.set(channel, reader);
    this.#openListener();
    if (this.#listener?.open !== undefined) {
      reader.listen(this.#listener.open);
    }
  }

  protected flush(): void {
    this.#openPublisher();
    if (!this.isFlowing || this.#writer === undefined || this.#writer.isBlocked) {
      return;
    }
    for (const entry of this.outbox.take()) {
      this.#writer.send(entry);
    }
  }

  protected async publishBeat(channel: string, beat: string): Promise<void> {
    if (this.#writer === undefined) {
      throw new Error("no connection");
    }
    await this.#writer.beat(channel, beat);
  }

  protected onUnanswered(): void {
    // A broker that has said why it does not answer may have its time.
    if (!this.#writer?.isBlocked) {
      this.#publisher?.replace("messages were not confirmed in time");
    }
  }

  protected onDeaf(): void {
    // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
    this.#listener?.replace(DEAF);
    this.#publisher?.replace(DEAF);
  }

  protected isPublisherOpen(): boolean {
    return this.#writer !== undefined;
  }

  protected override startFlowing(): void {
    this.#isForgetful = false;
    super.startFlowing();
  }

  protected async disconnect(): Promise<void> {
    await atMost(REMOVE_MS, this.#removeQueues());
    await Promise.all([this.#publisher?.close(), this.#listener?.close()]);
  }

  #makeReader(channel: string): RabbitmqConsumer {
    return new RabbitmqConsumer(channel, this.#host, {
      onMessage: (payload) => this.received(channel, payload),
      onActive: (isForgetful) => this.#onActive(channel, isForgetful),
      onLost: (error) => {
        this.lost(channel);
        this.notReady();
        this.reportOnce(error);
      },
      onRefused: (error) => this.#onRefused(channel, error),
    });
  }

  #openPublisher(): void {
    if (this.#publisher !== undefined) {
      return;
    }
    this.status.notify({ type: "connecting" });
    this.#publisher = this.#connect("publishes", {
      onOpen: (connection) => this.#onPublisherOpen(connection),
      onLost: () => {
        this.#writer = undefined;
        this.publisherLost();
      },
      onRetry: (delay) => this.reconnecting(delay),
      onError: (error) => this.reportOnce(error),
    });
  }

  #onPublisherOpen(connection: OpenConnection): void {
    this.#listener?.retryNow();
    this.publisherOpened();
    this.#writer = new RabbitmqPublisher(connection, {
      onConfirmed: (entry) => {
        this.outbox.confirm(entry);
        // What was held back while the broker was silent.
        this.flush();
      },
      onRefused: (entry, error) => this.outbox.refuse(entry, error),
      onError: (error) => this.reportOnce(error),
      onBlocked: (reason) => {
        const message = `${connection.name} takes no messages for the time being: ${reason}`;
        this.reportOnce(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
      },
      onUnblocked: () => {
        this.forgetReports();
        this.outbox.restartConfirmTimeout();
        this.flush();
      },
    });
    for (const channel of this.channels) {
      if (this.stateOf(channel) === "active") {
        this.liveness.subscribed(channel);
      }
    }
    this.resume();
  }

  #openListener(): void {
    this.#listener ??= this.#connect("listens", {
      onOpen: (connection) => {
        this.#publisher?.retryNow();
        for (const reader of this.#readers.values()) {
          reader.listen(connection);
        }
      },
      onLost: () => {
        for (const channel of this.channels) {
          this.lost(channel);
        }
        this.notReady();
      },
      onRetry: (delay) => this.listenerReconnecting(delay),
      onError: (error) => this.reportOnce(error),
    });
  }

  #onActive(channel: string, isForgetful: boolean): void {
    if (this.stateOf(channel) === "refused") {
      this.notReady();
    }
    this.#isForgetful ||= isForgetful;
    this.active(channel);
    this.resume();
  }

  /** @returns whether to go on asking */
  #onRefused(channel: string, error: BridgeError): boolean {
    const isWanted = this.refused(channel, error);
    if (!isWanted) {
      this.#readers.delete(channel);
    }
    this.resume();
    return isWanted;
  }

  /**
   * A broker that has forgotten who was bound to the exchange loses what is published before the others are back: Node
   * hosts after a second at most, a KombuManager after as long as the broker was away, an AsyncAioPikaManager within
   * five seconds. AMQP does not tell who is bound, so they have their time. After any other loss of our connection
   * their queues may well be intact; one who only publishes does not know, and waits. Never rejects.
   */
  protected async othersBack(): Promise<void> {
    if (this.#isForgetful || this.channels.length === 0) {
      await pause(this.limits.subscriberGrace, this.shutdown.signal);
    }
  }

  /** Never rejects: a queue that is out of reach now expires by itself. */
  async #removeQueues(): Promise<void> {
    const connection = this.#listener?.open;
    if (connection !== undefined) {
      await Promise.allSettled([...this.#readers.values()].map((reader) => reader.remove(connection)));
    }
  }
}

type ConnectionEvents = Pick<
  ConstructorParameters<typeof RabbitmqConnection>[0],
  "onOpen" | "onLost" | "onRetry" | "onError"
>;

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_MISSING_PACKAGE` */
function connector({ url, tls }: RabbitmqBusOptions, interval: number) {
  const targets = parseAmqpUrl(url).map((target) =>
    target.tls === undefined ? target : { ...target, tls: { ...target.tls, ...tls } },
  );
  const { connect } = optionalPackage<typeof amqplib>("amqplib", "amqp://");
  // Either side gives the other up after two to three of these without a byte: while the broker holds on to a dead
  // connection of ours, it does not let us have our queue.
  const heartbeat = Math.max(1, Math.round(interval / 1_000));
  return (role: string, events: ConnectionEvents): RabbitmqConnection =>
    new RabbitmqConnection({ connect, targets, heartbeat, name: `socketio-python-bridge (${role})`, ...events });
}

function tooLong(channel: string): BridgeError {
  const name = JSON.stringify(`${channel.slice(0, 20)}…`);
  return new BridgeError(
    "BRIDGE_INVALID_OPTION",
    `channel ${name} is longer than the ${LONGEST_CHANNEL} bytes of an exchange's name`,
  );
}
