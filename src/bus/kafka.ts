import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { normalizeHeartbeat, normalizeOutage } from "../options.js";
import { pause } from "../pause.js";
import { alreadySubscribed, type Bus, type BusOptions, type BusStatus } from "./bus.js";
import { KafkaCluster } from "./kafka-cluster.js";
import { KafkaFailure, loadKafka } from "./kafka-link.js";
import { KafkaReader } from "./kafka-reader.js";
import { checkSasl, type KafkaAccess, type KafkaSasl, parseKafkaUrl } from "./kafka-url.js";
import { KafkaWriter } from "./kafka-writer.js";
import { Liveness } from "./liveness.js";
import { Outbox } from "./outbox.js";

export type { KafkaSasl };

export interface KafkaBusOptions extends BusOptions {
  /** `kafka://h1:p1,h2:p2`, or a list of such URLs, as `KafkaManager` of python-socketio takes them. */
  readonly url: string | readonly string[];
  /** How to log in. @default what the URL says */
  readonly sasl?: KafkaSasl | undefined;
  /** How to encrypt; `{}` is with the authorities of Node. @default what the URL says */
  readonly tls?: ConnectionOptions | undefined;
}

/** How long `close()` waits for the broker to confirm what is on its way, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

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

interface Subscription {
  readonly reader: KafkaReader;
  readonly shutdown: AbortController;
  /** On the present connections. */
  state: "unanswered" | "active" | "refused";
  /** Whether it was ever active: then a refusal is an event, and no answer to `subscribe()`. */
  wasActive: boolean;
  reject(error: BridgeError): void;
}

/**
 * Kafka, one topic per channel, as `KafkaManager` of python-socketio. A topic that is missing is made, with one
 * partition. All partitions are read, by every host and without a group; the first one is written to.
 *
 * Needs the package `@platformatic/kafka`, and Kafka 2.8 or later.
 *
 * @throws BridgeError `INVALID_URL`, `INVALID_OPTION`, `MISSING_PACKAGE`
 */
export function kafkaBus(options: KafkaBusOptions): Bus {
  return new KafkaBus(options);
}

/** @throws BridgeError `INVALID_URL`, `INVALID_OPTION` */
function accessOf({ url, sasl, tls }: KafkaBusOptions): KafkaAccess {
  const [first, ...others] = [url].flat().map(parseKafkaUrl);
  if (first === undefined) {
    throw new BridgeError("INVALID_OPTION", "kafkaBus takes a url or a list of them; the list is empty");
  }
  return {
    bootstrap: [...first.bootstrap, ...others.flatMap(({ bootstrap }) => bootstrap)],
    sasl: sasl === undefined ? first.sasl : checkSasl("INVALID_OPTION", "kafkaBus", sasl),
    tls: tls ?? first.tls,
  };
}

class KafkaBus implements Bus {
  readonly name = "kafka";
  readonly #cluster: KafkaCluster;
  readonly #interval: number;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #status = new Listeners<BusStatus>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #shutdown = new AbortController();
  /** What was told since the last `ready`: each attempt fails anew, for reader and writer. */
  readonly #told = new Set<string>();
  #writer: KafkaWriter | undefined;
  #isConnected = false;
  #isReady = false;
  #isAway = false;
  #closed: Promise<void> | undefined;

  constructor(options: KafkaBusOptions) {
    const access = accessOf(options);
    this.#interval = normalizeHeartbeat(options.heartbeatInterval);
    const kafka = loadKafka();
    this.#cluster = new KafkaCluster({ ...access, kafka, requestTimeout: 2 * this.#interval }, this.#shutdown.signal);
    this.#outbox = new Outbox(normalizeOutage(options.outage), {
      answerTimeout: 2 * this.#interval,
      onDropped: (reason, count, bytes) => this.#status.notify({ type: "dropped", reason, count, bytes }),
      onUnanswered: () => this.#writer?.renew(),
    });
    this.#liveness = new Liveness({
      interval: this.#interval,
      publish: async (channel, beat) => this.#writer?.send(channel, beat),
      onStatus: (status) => this.#status.notify(status),
      onDeaf: (channel) => {
        // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
        this.#isReady = false;
        this.#subscriptions.get(channel)?.reader.renew();
        this.#writer?.renew();
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
    this.#flush(channel);
    return new Promise((resolve, reject) => {
      this.#subscriptions.set(channel, this.#read(channel, onMessage, resolve, reject));
    });
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(closedError());
    }
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.#outbox.add({ channel, payload: bytes });
    this.#flush(channel);
    this.#outbox.enforceBounds();
    return published;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  #flush(channel: string): void {
    if (this.#writer !== undefined) {
      this.#writer.flush(channel);
      return;
    }
    this.#status.notify({ type: "connecting" });
    const options = {
      cluster: this.#cluster,
      outbox: this.#outbox,
      // The outbox looks after the answers, and knows when it is the process that stood still.
      requestTimeout: 4 * this.#interval,
      signal: this.#shutdown.signal,
      onConnected: () => {
        this.#isConnected = true;
        this.#isAway = false;
        this.#resume();
      },
      onLost: () => {
        this.#isConnected = false;
      },
      onFailure: (error: unknown, attempt: number, delay: number) => {
        this.#isAway = true;
        this.#onFailure(error, attempt, delay);
      },
      onRefused: (error: BridgeError) => this.#reportOnce(error),
    };
    this.#writer = new KafkaWriter(options, channel);
  }

  #read(
    channel: string,
    onMessage: (payload: Uint8Array) => void,
    resolve: () => void,
    reject: (error: BridgeError) => void,
  ): Subscription {
    const shutdown = new AbortController();
    const reader = new KafkaReader({
      channel,
      cluster: this.#cluster,
      maxWait: Math.min(FETCH_WAIT_MS, this.#interval),
      lookInterval: LOOK_AFTER_BEATS * this.#interval,
      signal: shutdown.signal,
      onMessage: (payload) => {
        if (!this.#liveness.hears(channel, payload)) {
          onMessage(payload);
        }
      },
      onSubscribed: () => {
        subscription.state = "active";
        subscription.wasActive = true;
        this.#liveness.subscribed(channel);
        resolve();
        this.#resume();
      },
      onLost: () => {
        subscription.state = "unanswered";
        this.#liveness.lost(channel);
      },
      onFailure: (error, attempt, delay) => this.#onReaderFailure(channel, subscription, error, attempt, delay),
      onGap: (reason) => {
        const error = new BridgeError("BROKER_UNAVAILABLE", `the channel "${channel}" of Kafka: ${reason}`);
        this.#status.notify({ type: "error", error });
      },
    });
    const subscription: Subscription = { reader, shutdown, state: "unanswered", wasActive: false, reject };
    return subscription;
  }

  #onReaderFailure(channel: string, subscription: Subscription, cause: unknown, attempt: number, delay: number): void {
    if (!(cause instanceof KafkaFailure) || cause.isTransient) {
      // Otherwise the writer tells of the same outage.
      if (this.#isConnected) {
        this.#onFailure(cause, attempt, delay);
      }
      return;
    }
    const message = `Kafka refused to let us read "${channel}": ${cause.message}`;
    const error = new BridgeError("BROKER_UNAVAILABLE", message, { cause });
    this.#reportOnce(error);
    // Rights that were taken may be given back.
    subscription.state = "refused";
    if (!subscription.wasActive) {
      this.#subscriptions.delete(channel);
      subscription.shutdown.abort();
      subscription.reject(error);
    }
    this.#resume();
  }

  #onFailure(cause: unknown, attempt: number, delay: number): void {
    if (isMove(cause) && attempt < LASTING_ATTEMPTS) {
      return;
    }
    this.#isReady = false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#reportOnce(new BridgeError("BROKER_UNAVAILABLE", reason, { cause }));
    this.#status.notify({ type: "reconnecting", attempt, delay });
  }

  #reportOnce(error: BridgeError): void {
    if (this.#closed === undefined && !this.#told.has(error.message)) {
      this.#told.add(error.message);
      this.#status.notify({ type: "error", error });
    }
  }

  #resume(): void {
    const isAnswered = [...this.#subscriptions.values()].every(({ state }) => state !== "unanswered");
    if (this.#isConnected && isAnswered && !this.#isReady) {
      this.#isReady = true;
      this.#told.clear();
      this.#status.notify({ type: "ready" });
    }
  }

  async #shutDown(): Promise<void> {
    // Unless an outage is known, whose end nobody can tell.
    if (!this.#isAway) {
      const grace = new AbortController();
      await Promise.race([this.#outbox.drained(), pause(CLOSE_GRACE_MS, grace.signal)]);
      grace.abort();
    }
    this.#shutdown.abort();
    this.#outbox.close();
    this.#liveness.close();
    const subscriptions = [...this.#subscriptions.values()];
    for (const { shutdown, reject } of subscriptions) {
      shutdown.abort();
      reject(closedError());
    }
    await Promise.all([this.#writer?.close(), ...subscriptions.map(({ reader }) => reader.close())]);
    this.#status.notify({ type: "closed" });
  }
}

function isMove(cause: unknown): boolean {
  return cause instanceof KafkaFailure && MOVES.includes(cause.id);
}

function closedError(): BridgeError {
  return new BridgeError("CLOSED", "the Kafka bus is closed");
}
