import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../../errors.js";
import type { Bus } from "../bus.js";
import { BrokerBus } from "../core/broker-bus.js";
import type { BusOptions } from "../options.js";
import { isRefusal, KafkaFailure, loadKafka } from "./connection.js";
import { KafkaConsumer } from "./consumer.js";
import { KafkaMetadata } from "./metadata.js";
import { KafkaProducer } from "./producer.js";
import { checkSasl, type KafkaAccess, type KafkaSasl, parseKafkaUrl } from "./url.js";

export type { KafkaSasl };

export interface KafkaBusOptions extends BusOptions {
  /** `kafka://h1:p1,h2:p2`, or a list of such URLs, as `KafkaManager` of python-socketio takes them. */
  readonly url: string | readonly string[];
  /** How to log in. @default what the URL says */
  readonly sasl?: KafkaSasl | undefined;
  /** How to encrypt; `{}` is with the authorities of Node. @default what the URL says */
  readonly tls?: ConnectionOptions | undefined;
}

/** Longest that the broker waits for a record before it answers that there is none, in milliseconds. */
const FETCH_WAIT_MS = 1_000;

/** A topic that was just made, or moves to another broker, is told of from this attempt on. */
const LASTING_ATTEMPTS = 5;

const MOVES: readonly (string | undefined)[] = [
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "UNKNOWN_TOPIC_OR_PARTITION",
];

/** How often to look for new partitions, in heartbeats. */
const LOOK_AFTER_BEATS = 6;

/**
 * Kafka, one topic per channel, as `KafkaManager` of python-socketio. A topic that is missing is made, with one
 * partition. All partitions are read, by every host and without a group; the first one is written to.
 *
 * Needs the package `@platformatic/kafka`, and Kafka 2.8 or later.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function kafkaBus(options: KafkaBusOptions): Bus {
  return new KafkaBus(options);
}

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
function accessOf({ url, sasl, tls }: KafkaBusOptions): KafkaAccess {
  const [first, ...others] = [url].flat().map(parseKafkaUrl);
  if (first === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "kafkaBus takes a url or a list of them; the list is empty");
  }
  return {
    bootstrap: [...first.bootstrap, ...others.flatMap(({ bootstrap }) => bootstrap)],
    sasl: sasl === undefined ? first.sasl : checkSasl("BRIDGE_INVALID_OPTION", "kafkaBus", sasl),
    tls: tls ?? first.tls,
  };
}

class KafkaBus extends BrokerBus {
  readonly name = "kafka";
  protected readonly title = "Kafka";
  readonly #cluster: KafkaMetadata;
  /** By channel. */
  readonly #readers = new Map<string, { readonly reader: KafkaConsumer; readonly shutdown: AbortController }>();
  #writer: KafkaProducer | undefined;
  #isConnected = false;
  #isReady = false;
  #isBrokerAway = false;

  constructor(options: KafkaBusOptions) {
    super(options);
    const access = accessOf(options);
    const kafka = loadKafka();
    const requestTimeout = 2 * this.heartbeatInterval;
    this.#cluster = new KafkaMetadata({ ...access, kafka, requestTimeout }, this.shutdown.signal);
  }

  /** A partition has one order, and several have none among them. */
  isOrdered(channel: string): boolean {
    return this.#readers.get(channel)?.reader.isOrdered ?? false;
  }

  protected flush(channel: string): void {
    if (this.#writer !== undefined) {
      this.#writer.flush(channel);
      return;
    }
    this.status.notify({ type: "connecting" });
    const options = {
      cluster: this.#cluster,
      outbox: this.outbox,
      // The outbox looks after the answers, and knows when it is the process that stood still.
      requestTimeout: 4 * this.heartbeatInterval,
      signal: this.shutdown.signal,
      onConnected: () => {
        this.#isConnected = true;
        this.#isBrokerAway = false;
        this.#resume();
      },
      onLost: () => {
        this.#isConnected = false;
      },
      onFailure: (error: unknown, attempt: number, delay: number) => {
        this.#isBrokerAway = true;
        this.#onFailure(error, attempt, delay);
      },
      onRefused: (error: BridgeError) => this.reportOnce(error),
    };
    this.#writer = new KafkaProducer(options, channel);
  }

  protected async publishBeat(channel: string, beat: string): Promise<void> {
    await this.#writer?.send(channel, beat);
  }

  protected onUnanswered(): void {
    this.#writer?.renew();
  }

  protected onDeaf(channel: string): void {
    // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
    this.#isReady = false;
    this.#readers.get(channel)?.reader.renew();
    this.#writer?.renew();
  }

  protected isAway(): boolean {
    return this.#isBrokerAway;
  }

  protected async disconnect(): Promise<void> {
    const readers = [...this.#readers.values()];
    for (const { shutdown } of readers) {
      shutdown.abort();
    }
    await Promise.all([this.#writer?.close(), ...readers.map(({ reader }) => reader.close())]);
  }

  protected listen(channel: string): void {
    const shutdown = new AbortController();
    const reader = new KafkaConsumer({
      channel,
      cluster: this.#cluster,
      maxWait: Math.min(FETCH_WAIT_MS, this.heartbeatInterval),
      lookInterval: LOOK_AFTER_BEATS * this.heartbeatInterval,
      signal: shutdown.signal,
      onMessage: (payload) => this.received(channel, payload),
      onSubscribed: () => {
        this.active(channel);
        this.#resume();
      },
      onLost: () => {
        this.lost(channel);
      },
      onFailure: (error, attempt, delay) => this.#onReaderFailure(channel, error, attempt, delay),
      onGap: (reason) => {
        const error = new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `the channel "${channel}" of Kafka: ${reason}`);
        this.status.notify({ type: "error", error });
      },
    });
    this.#readers.set(channel, { reader, shutdown });
  }

  #onReaderFailure(channel: string, cause: unknown, attempt: number, delay: number): void {
    if (!isRefusal(cause)) {
      // Otherwise the writer tells of the same outage.
      if (this.#isConnected) {
        this.#onFailure(cause, attempt, delay);
      }
      return;
    }
    const message = `Kafka refused to let us read "${channel}": ${cause.message}`;
    if (!this.refused(channel, new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause }))) {
      this.#readers.get(channel)?.shutdown.abort();
      this.#readers.delete(channel);
    }
    this.#resume();
  }

  #onFailure(cause: unknown, attempt: number, delay: number): void {
    if (isMove(cause) && attempt < LASTING_ATTEMPTS) {
      return;
    }
    this.#isReady = false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.reportOnce(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", reason, { cause }));
    this.status.notify({ type: "reconnecting", attempt, delay });
  }

  #resume(): void {
    if (this.#isConnected && this.isAnswered && !this.#isReady) {
      this.#isReady = true;
      this.tellReady();
    }
  }
}

function isMove(cause: unknown): boolean {
  return cause instanceof KafkaFailure && MOVES.includes(cause.id);
}
