import { randomUUID } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import type * as amqplib from "amqplib";
import { BridgeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { normalizeHeartbeat, normalizeOutage } from "../options.js";
import { pause } from "../pause.js";
import { parseAmqpUrl } from "./amqp-url.js";
import { alreadySubscribed, type Bus, type BusOptions, type BusStatus } from "./bus.js";
import { Liveness } from "./liveness.js";
import { optionalPackage } from "./optional-package.js";
import { Outbox } from "./outbox.js";
import { type OpenConnection, RabbitmqConnection } from "./rabbitmq-connection.js";
import { RabbitmqReader } from "./rabbitmq-reader.js";
import { RabbitmqWriter } from "./rabbitmq-writer.js";

export interface RabbitmqBusOptions extends BusOptions {
  /** As kombu and aio-pika take it, `amqp://` or `amqps://`; several brokers of a cluster with `;` between them. */
  readonly url: string;
  /** For `amqps://`: options of `tls.connect()`, beside and before those of the URL. */
  readonly tls?: ConnectionOptions | undefined;
}

/** How long `close()` waits for the broker to confirm what is on its way, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

/** How long `close()` waits for the broker to delete our queues, in milliseconds. */
const REMOVE_MS = 5_000;

/** What AMQP takes as the name of an exchange, in bytes. */
const LONGEST_CHANNEL = 255;

const DEAF = "own messages did not come back in time";

interface Subscription {
  readonly reader: RabbitmqReader;
  /** On the present connection: it is being made, or the broker has granted it, or has not. */
  state: "unanswered" | "active" | "refused";
  /** Whether it was ever active: then a refusal is an event, and no answer to `subscribe()`. */
  wasActive: boolean;
  resolve(): void;
  reject(error: BridgeError): void;
}

/**
 * RabbitMQ, as `KombuManager` and `AsyncAioPikaManager` of python-socketio use it: a fanout exchange named after the
 * channel, and a queue per host. One connection publishes and another listens, so that a broker that is short of memory
 * and stops reading what publishes does not stop what listens.
 *
 * @throws BridgeError `INVALID_URL`, `INVALID_OPTION`, `MISSING_PACKAGE`
 */
export function rabbitmqBus(options: RabbitmqBusOptions): Bus {
  return new RabbitmqBus(options);
}

class RabbitmqBus implements Bus {
  readonly name = "rabbitmq";
  /** In the names of its queues. */
  readonly #host = randomUUID().replaceAll("-", "");
  readonly #connect: (role: "publishes" | "listens", events: ConnectionEvents) => RabbitmqConnection;
  readonly #subscriberGrace: number;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #status = new Listeners<BusStatus>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #shutdown = new AbortController();
  #publisher: RabbitmqConnection | undefined;
  #listener: RabbitmqConnection | undefined;
  #writer: RabbitmqWriter | undefined;
  /** Whether messages may be written: connected, and the others are back or have had their time. */
  #isFlowing = false;
  /** Counts connections of the publisher, so that what belongs to an earlier one is known as such. */
  #epoch = 0;
  /** The epoch for which `ready` was told. */
  #readyEpoch = 0;
  /** The epoch for which the others' return is being waited for. */
  #resumingEpoch = 0;
  /** The broker has forgotten everybody's bindings since messages last flowed. */
  #wasRestarted = false;
  #attempt = 0;
  /** Since it was last ready: each attempt fails anew, on both connections. */
  readonly #reported = new Set<string>();
  #closed: Promise<void> | undefined;

  constructor(options: RabbitmqBusOptions) {
    const limits = normalizeOutage(options.outage);
    this.#subscriberGrace = limits.subscriberGrace;
    const interval = normalizeHeartbeat(options.heartbeatInterval);
    this.#connect = connector(options, interval);
    this.#outbox = new Outbox(limits, {
      answerTimeout: 2 * interval,
      onDropped: (reason, count, bytes) => this.#status.notify({ type: "dropped", reason, count, bytes }),
      onUnanswered: () => {
        // A broker that has said why it does not answer may have its time.
        if (!this.#writer?.isBlocked) {
          this.#publisher?.replace("messages were not confirmed in time");
        }
      },
    });
    this.#liveness = new Liveness({
      interval,
      publish: async (channel, beat) => {
        if (this.#writer === undefined) {
          throw new Error("no connection");
        }
        await this.#writer.beat(channel, beat);
      },
      onStatus: (status) => this.#status.notify(status),
      onDeaf: () => {
        // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
        this.#listener?.replace(DEAF);
        this.#publisher?.replace(DEAF);
      },
    });
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#status.add(listener);
  }

  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(closedError());
    }
    if (this.#subscriptions.has(channel)) {
      return Promise.reject(alreadySubscribed(channel));
    }
    if (isTooLong(channel)) {
      return Promise.reject(tooLong(channel));
    }
    const reader = this.#makeReader(channel, onMessage);
    const subscribed = new Promise<void>((resolve, reject) => {
      this.#subscriptions.set(channel, { reader, state: "unanswered", wasActive: false, resolve, reject });
    });
    this.#openPublisher();
    this.#openListener();
    if (this.#listener?.open !== undefined) {
      reader.listen(this.#listener.open);
    }
    return subscribed;
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(closedError());
    }
    if (isTooLong(channel)) {
      return Promise.reject(tooLong(channel));
    }
    this.#openPublisher();
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.#outbox.add({ channel, payload: bytes });
    this.#flush();
    this.#outbox.enforceBounds();
    return published;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  #makeReader(channel: string, onMessage: (payload: Uint8Array) => void): RabbitmqReader {
    return new RabbitmqReader(channel, this.#host, {
      onMessage: (payload) => {
        if (!this.#liveness.hears(channel, payload)) {
          onMessage(payload);
        }
      },
      onActive: (wasRestarted) => this.#onActive(channel, wasRestarted),
      onLost: (error) => {
        this.#onInactive(channel);
        this.#readyEpoch = 0;
        this.#reportOnce(error);
      },
      onRefused: (error) => this.#onRefused(channel, error),
    });
  }

  #openPublisher(): void {
    if (this.#publisher !== undefined) {
      return;
    }
    this.#status.notify({ type: "connecting" });
    this.#publisher = this.#connect("publishes", {
      onOpen: (connection) => this.#onPublisherOpen(connection),
      onLost: () => {
        this.#writer = undefined;
        this.#isFlowing = false;
        this.#outbox.connectionLost();
      },
      onRetry: (delay) => this.#onReconnecting(delay),
      onError: (error) => this.#reportOnce(error),
    });
  }

  #onPublisherOpen(connection: OpenConnection): void {
    this.#listener?.hurry();
    this.#epoch += 1;
    this.#attempt = 0;
    this.#writer = new RabbitmqWriter(connection, {
      onConfirmed: (entry) => {
        this.#outbox.confirm(entry);
        // What was held back while the broker was silent.
        this.#flush();
      },
      onRefused: (entry, error) => this.#outbox.refuse(entry, error),
      onError: (error) => this.#reportOnce(error),
      onBlocked: (reason) => {
        const message = `${connection.name} takes no messages for the time being: ${reason}`;
        this.#reportOnce(new BridgeError("BROKER_UNAVAILABLE", message));
      },
      onUnblocked: () => {
        this.#reported.clear();
        this.#flush();
      },
    });
    for (const [channel, { state }] of this.#subscriptions) {
      if (state === "active") {
        this.#liveness.subscribed(channel);
      }
    }
    this.#resume();
  }

  #openListener(): void {
    this.#listener ??= this.#connect("listens", {
      onOpen: (connection) => {
        this.#publisher?.hurry();
        for (const { reader } of this.#subscriptions.values()) {
          reader.listen(connection);
        }
      },
      onLost: () => {
        for (const channel of this.#subscriptions.keys()) {
          this.#onInactive(channel);
        }
        this.#readyEpoch = 0;
      },
      onRetry: (delay) => {
        // Otherwise the publisher tells of the same outage.
        if (this.#publisher?.open !== undefined) {
          this.#onReconnecting(delay);
        }
      },
      onError: (error) => this.#reportOnce(error),
    });
  }

  #onReconnecting(delay: number): void {
    this.#attempt += 1;
    this.#status.notify({ type: "reconnecting", attempt: this.#attempt, delay });
  }

  #reportOnce(error: BridgeError): void {
    if (this.#closed === undefined && !this.#reported.has(error.message)) {
      this.#reported.add(error.message);
      this.#status.notify({ type: "error", error });
    }
  }

  #onActive(channel: string, wasRestarted: boolean): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription !== undefined) {
      if (subscription.state === "refused") {
        this.#readyEpoch = 0;
      }
      subscription.state = "active";
      subscription.wasActive = true;
      this.#wasRestarted ||= wasRestarted;
      this.#liveness.subscribed(channel);
      subscription.resolve();
      this.#resume();
    }
  }

  #onInactive(channel: string): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription !== undefined) {
      subscription.state = "unanswered";
      this.#liveness.lost(channel);
    }
  }

  /** @returns whether to go on asking: rights that were taken may be given back */
  #onRefused(channel: string, error: BridgeError): boolean {
    const subscription = this.#subscriptions.get(channel);
    this.#reportOnce(error);
    if (subscription?.wasActive) {
      subscription.state = "refused";
    } else {
      this.#subscriptions.delete(channel);
      subscription?.reject(error);
    }
    this.#resume();
    return subscription?.wasActive ?? false;
  }

  /** Lets messages flow once both connections are there and our queues are bound again. */
  #resume(): void {
    const states = [...this.#subscriptions.values()].map(({ state }) => state);
    if (this.#writer === undefined || states.includes("unanswered")) {
      return;
    }
    if (this.#readyEpoch !== this.#epoch) {
      this.#readyEpoch = this.#epoch;
      this.#attempt = 0;
      if (states.every((state) => state === "active")) {
        this.#reported.clear();
      }
      this.#status.notify({ type: "ready" });
    }
    if (this.#isFlowing || this.#resumingEpoch === this.#epoch) {
      return;
    }
    const epoch = this.#epoch;
    this.#resumingEpoch = epoch;
    void this.#othersBack().then(() => {
      if (epoch === this.#epoch && this.#writer !== undefined) {
        this.#isFlowing = true;
        this.#wasRestarted = false;
        this.#flush();
      }
    });
  }

  /**
   * A broker that restarts has forgotten who was bound to the exchange, and what is published before the others are
   * back is lost to them. AMQP does not tell who is bound, so they have their time. After any other loss of our
   * connection theirs may well be intact; one who only publishes does not know, and waits. Never rejects.
   */
  async #othersBack(): Promise<void> {
    if (this.#epoch > 1 && (this.#wasRestarted || this.#subscriptions.size === 0)) {
      await pause(this.#subscriberGrace, this.#shutdown.signal);
    }
  }

  #flush(): void {
    if (!this.#isFlowing || this.#writer === undefined || this.#writer.isBlocked) {
      return;
    }
    for (const entry of this.#outbox.take()) {
      this.#writer.send(entry);
    }
  }

  async #shutDown(): Promise<void> {
    // Unless an outage is known, whose end nobody can tell.
    if (this.#attempt === 0) {
      await atMost(CLOSE_GRACE_MS, this.#outbox.drained());
    }
    this.#shutdown.abort();
    this.#outbox.close();
    this.#liveness.close();
    for (const { reject } of this.#subscriptions.values()) {
      reject(closedError());
    }
    await atMost(REMOVE_MS, this.#removeQueues());
    await Promise.all([this.#publisher?.close(), this.#listener?.close()]);
    this.#status.notify({ type: "closed" });
  }

  /** Never rejects: a queue that is out of reach now expires by itself. */
  async #removeQueues(): Promise<void> {
    const connection = this.#listener?.open;
    if (connection !== undefined) {
      const readers = [...this.#subscriptions.values()].map(({ reader }) => reader);
      await Promise.allSettled(readers.map((reader) => reader.remove(connection)));
    }
  }
}

type ConnectionEvents = Pick<
  ConstructorParameters<typeof RabbitmqConnection>[0],
  "onOpen" | "onLost" | "onRetry" | "onError"
>;

/** @throws BridgeError `INVALID_URL`, `MISSING_PACKAGE` */
function connector({ url, tls }: RabbitmqBusOptions, interval: number) {
  const targets = parseAmqpUrl(url).map((target) =>
    target.tls === undefined ? target : { ...target, tls: { ...target.tls, ...tls } },
  );
  const { connect } = optionalPackage<typeof amqplib>("amqplib", "amqp");
  // Either side gives the other up after two to three of these without a byte, and must have done so within two beats:
  // while the broker holds on to a dead connection of ours, it does not let us have our queue.
  const heartbeat = Math.max(1, Math.floor(interval / 2_000));
  return (role: string, events: ConnectionEvents): RabbitmqConnection =>
    new RabbitmqConnection({ connect, targets, heartbeat, name: `socketio-python-bridge (${role})`, ...events });
}

/** Waits for it no longer than so many milliseconds. */
async function atMost(milliseconds: number, promise: Promise<void>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([promise, pause(milliseconds, patience.signal)]);
  patience.abort();
}

function isTooLong(channel: string): boolean {
  return Buffer.byteLength(channel) > LONGEST_CHANNEL;
}

function tooLong(channel: string): BridgeError {
  const name = JSON.stringify(`${channel.slice(0, 20)}…`);
  return new BridgeError(
    "INVALID_OPTION",
    `channel ${name} is longer than the ${LONGEST_CHANNEL} bytes of an exchange's name`,
  );
}

function closedError(): BridgeError {
  return new BridgeError("CLOSED", "the RabbitMQ bus is closed");
}
