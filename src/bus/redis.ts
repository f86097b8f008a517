import { Redis } from "ioredis";
import { backoff } from "../backoff.js";
import { BridgeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { normalizeHeartbeat, normalizeOutage } from "../options.js";
import { pause } from "../pause.js";
import { brokerError } from "./broker-error.js";
import { alreadySubscribed, type Bus, type BusOptions, type BusStatus } from "./bus.js";
import { Liveness } from "./liveness.js";
import { type Entry, Outbox } from "./outbox.js";
import { endConnection, openConnection } from "./redis-connection.js";
import { parseRedisUrl, type RedisOptions } from "./redis-url.js";
import { BARE, type RedisWire } from "./redis-wire.js";

export interface RedisBusOptions extends BusOptions {
  /** As python-socketio spells it; or a `client`. */
  readonly url?: string | undefined;
  /** The name of the Sentinel service where the URL has none. @default "socketio" */
  readonly channel?: string | undefined;
  /**
   * A client whose options are taken over. Two connections of our own are opened from them; this one is neither used
   * nor closed. Not a Cluster.
   */
  readonly client?: Redis | undefined;
}

/** How often to look whether the other hosts listen again, in milliseconds. */
const SUBSCRIBER_POLL_MS = 50;

/** How long `close()` waits for the broker to confirm what is on its way, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

interface Subscription {
  readonly onMessage: (payload: Uint8Array) => void;
  /** On the present connection: SUBSCRIBE is not yet answered, or was, in one way or the other. */
  state: "unanswered" | "active" | "refused";
  /** Whether it was ever active: then a refusal is an event, and no answer to `subscribe()`. */
  wasActive: boolean;
  resolve(): void;
  reject(error: BridgeError): void;
}

/**
 * Redis or Valkey pub/sub, one PUBLISH per message, as `RedisManager` of python-socketio. One connection publishes,
 * another listens; each is opened when it is first needed.
 *
 * @throws BridgeError `INVALID_URL`, `INVALID_OPTION`
 */
export function redisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

/** @throws BridgeError `INVALID_URL`, `INVALID_OPTION` */
function connectionFactory({ url, client, channel = "socketio" }: RedisBusOptions): (ours: RedisOptions) => Redis {
  if (url !== undefined && client === undefined) {
    const parsed = parseRedisUrl(url, channel);
    return (ours) => new Redis({ ...parsed, ...ours });
  }
  // Not instanceof: an application may have its own copy of ioredis.
  if (url === undefined && typeof client?.duplicate === "function" && "options" in client && !("nodes" in client)) {
    return (ours) => client.duplicate(ours);
  }
  throw new BridgeError("INVALID_OPTION", "redisBus takes either a url or a client, which is a Redis of ioredis");
}

/** @internal What `redisBus` makes, for a fleet that says things to Redis in another way too. */
export class RedisBus implements Bus {
  readonly name: string;
  readonly #wire: RedisWire;
  readonly #openRedis: (ours: RedisOptions) => Redis;
  readonly #subscriberGrace: number;
  readonly #outbox: Outbox;
  readonly #liveness: Liveness;
  readonly #status = new Listeners<BusStatus>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #shutdown = new AbortController();
  #publisher: Redis | undefined;
  #listener: Redis | undefined;
  /** Whether messages may be written: connected, and the others are back or have had their time. */
  #isFlowing = false;
  /** The last PUBLISH that was confirmed: how many listened before an outage. */
  #lastPublish: { readonly channel: string; readonly receivers: number } | undefined;
  /** Counts connections of the publisher, so that what belongs to an earlier one is known as such. */
  #epoch = 0;
  /** The epoch for which `ready` was told. */
  #readyEpoch = 0;
  /** The epoch for which the others' return is being waited for. */
  #resumingEpoch = 0;
  #attempt = 0;
  #lastError = "";
  #closed: Promise<void> | undefined;

  constructor(options: RedisBusOptions, wire: RedisWire = BARE) {
    this.name = wire.name;
    this.#wire = wire;
    this.#openRedis = connectionFactory(options);
    const limits = normalizeOutage(options.outage);
    this.#subscriberGrace = limits.subscriberGrace;
    const interval = normalizeHeartbeat(options.heartbeatInterval);
    this.#outbox = new Outbox(limits, {
      answerTimeout: 2 * interval,
      onDropped: (reason, count, bytes) => this.#status.notify({ type: "dropped", reason, count, bytes }),
      onUnanswered: () => this.#publisher?.disconnect(true),
    });
    this.#liveness = new Liveness({
      interval,
      publish: async (channel, beat) =>
        this.#publisher?.publish(wire.prefix + channel, wire.pack(channel, Buffer.from(beat))),
      onStatus: (status) => this.#status.notify(status),
      onDeaf: () => {
        this.#forgetSubscriptions();
        // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
        this.#listener?.disconnect(true);
        this.#publisher?.disconnect(true);
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
    const subscribed = new Promise<void>((resolve, reject) => {
      this.#subscriptions.set(channel, { onMessage, state: "unanswered", wasActive: false, resolve, reject });
    });
    this.#openPublisher();
    this.#openListener();
    if (this.#listener?.status === "ready") {
      this.#sendSubscribe(this.#listener, channel);
    }
    return subscribed;
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(closedError());
    }
    this.#openPublisher();
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.#outbox.add({ channel, payload: this.#wire.pack(channel, bytes) });
    this.#flush();
    this.#outbox.enforceBounds();
    return published;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  #openPublisher(): void {
    if (this.#publisher !== undefined) {
      return;
    }
    this.#status.notify({ type: "connecting" });
    const publisher = openConnection(this.#openRedis, (error) => this.#reportOnce(error));
    this.#publisher = publisher;
    publisher.on("ready", () => {
      this.#epoch += 1;
      this.#attempt = 0;
      this.#lastError = "";
      this.#resume();
    });
    publisher.on("close", () => {
      this.#isFlowing = false;
      this.#outbox.connectionLost();
    });
    publisher.on("reconnecting", (delay: number) => this.#onReconnecting(delay));
  }

  #openListener(): void {
    if (this.#listener !== undefined) {
      return;
    }
    const listener = openConnection(this.#openRedis, (error) => this.#reportOnce(error));
    this.#listener = listener;
    listener.on("messageBuffer", (name: Buffer, message: Buffer) => {
      const channel = name.toString().slice(this.#wire.prefix.length);
      const payload = this.#wire.unpack(message);
      if (!this.#liveness.hears(channel, payload)) {
        this.#subscriptions.get(channel)?.onMessage(payload);
      }
    });
    listener.on("ready", () => {
      for (const channel of this.#subscriptions.keys()) {
        this.#sendSubscribe(listener, channel);
      }
    });
    listener.on("close", () => this.#onDeaf());
    listener.on("reconnecting", (delay: number) => {
      // Otherwise the publisher tells of the same outage.
      if (this.#publisher?.status === "ready") {
        this.#onReconnecting(delay);
      }
    });
  }

  #onReconnecting(delay: number): void {
    this.#attempt += 1;
    this.#status.notify({ type: "reconnecting", attempt: this.#attempt, delay });
  }

  /** Redis may cut a subscriber off alone, when it does not read fast enough, and then nothing else would tell. */
  #onDeaf(): void {
    const wasListening = [...this.#subscriptions.values()].some(({ state }) => state === "active");
    this.#forgetSubscriptions();
    if (wasListening && this.#closed === undefined && this.#publisher?.status === "ready") {
      const message = "Redis cut the subscription off: what others publish until it is back is lost to this host";
      this.#status.notify({ type: "error", error: new BridgeError("BROKER_UNAVAILABLE", message) });
    }
  }

  #forgetSubscriptions(): void {
    for (const [channel, subscription] of this.#subscriptions) {
      subscription.state = "unanswered";
      this.#liveness.lost(channel);
    }
    this.#readyEpoch = 0;
  }

  /** Each attempt fails anew, on both connections; an operator needs to hear it once, and not that we hung up. */
  #reportOnce(error: BridgeError): void {
    if (this.#closed === undefined && error.message !== this.#lastError) {
      this.#lastError = error.message;
      this.#status.notify({ type: "error", error });
    }
  }

  /** The reply to SUBSCRIBE tells that messages will arrive from now on. */
  #sendSubscribe(listener: Redis, channel: string): void {
    listener.subscribe(this.#wire.prefix + channel).then(
      () => {
        const subscription = this.#subscriptions.get(channel);
        if (subscription !== undefined) {
          subscription.state = "active";
          subscription.wasActive = true;
          this.#liveness.subscribed(channel);
          subscription.resolve();
        }
        this.#resume();
      },
      (cause: Error) => {
        // Otherwise the connection was lost; the next one subscribes again.
        if (cause.name === "ReplyError") {
          this.#onSubscribeRefused(listener, channel, cause);
        }
      },
    );
  }

  #onSubscribeRefused(listener: Redis, channel: string, cause: Error): void {
    const subscription = this.#subscriptions.get(channel);
    const error = brokerError(`Redis refused to subscribe to ${channel}`, cause);
    this.#reportOnce(error);
    if (subscription?.wasActive) {
      subscription.state = "refused";
      // Rights that were taken may be given back.
      void pause(backoff(Number.POSITIVE_INFINITY), this.#shutdown.signal).then(() => {
        if (listener.status === "ready" && subscription.state === "refused" && this.#closed === undefined) {
          this.#sendSubscribe(listener, channel);
        }
      });
    } else {
      this.#subscriptions.delete(channel);
      subscription?.reject(error);
    }
    this.#resume();
  }

  /** Lets messages flow once both connections are there and the subscribers of before are back. */
  #resume(): void {
    const isAnswered = [...this.#subscriptions.values()].every(({ state }) => state !== "unanswered");
    if (this.#publisher?.status !== "ready" || !isAnswered) {
      return;
    }
    if (this.#readyEpoch !== this.#epoch) {
      this.#readyEpoch = this.#epoch;
      this.#attempt = 0;
      this.#status.notify({ type: "ready" });
    }
    if (this.#isFlowing || this.#resumingEpoch === this.#epoch) {
      return;
    }
    const epoch = this.#epoch;
    this.#resumingEpoch = epoch;
    void this.#subscribersBack().then(() => {
      if (epoch === this.#epoch && this.#publisher?.status === "ready") {
        this.#isFlowing = true;
        this.#flush();
      }
    });
  }

  /**
   * A broker that restarts is back before its subscribers are, and what is published meanwhile is lost to them. So
   * messages wait until as many listen as did before, or their time is over. Never rejects.
   */
  async #subscribersBack(): Promise<void> {
    if (this.#epoch === 1) {
      return;
    }
    // A bus that has published nothing yet cannot know how many there were, and gives them their whole time.
    const { channel, receivers } = this.#lastPublish ?? { channel: "", receivers: Number.POSITIVE_INFINITY };
    const { signal } = this.#shutdown;
    const deadline = performance.now() + this.#subscriberGrace;
    while (performance.now() < deadline && this.#publisher?.status === "ready" && !signal.aborted) {
      if ((await this.#countReceivers(channel)) >= receivers) {
        return;
      }
      await pause(SUBSCRIBER_POLL_MS, signal);
    }
  }

  /** Infinite where the broker does not tell, as under an ACL without PUBSUB: there is nothing to wait for then. */
  async #countReceivers(channel: string): Promise<number> {
    try {
      return this.#publisher === undefined ? 0 : await this.#wire.countReceivers(this.#publisher, channel);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  #flush(): void {
    if (!this.#isFlowing || this.#publisher === undefined) {
      return;
    }
    for (const entry of this.#outbox.take()) {
      this.#publisher.publish(this.#wire.prefix + entry.channel, entry.payload).then(
        (receivers) => {
          this.#lastPublish = { channel: entry.channel, receivers };
          this.#outbox.confirm(entry);
          // What was held back while the broker was silent.
          this.#flush();
        },
        (cause: Error) => this.#onPublishFailed(entry, cause),
      );
    }
  }

  #onPublishFailed(entry: Entry, cause: Error): void {
    // Otherwise the connection was lost, and the outbox keeps the message for the next one.
    if (cause.name === "ReplyError") {
      const error = brokerError(`Redis refused to publish to "${entry.channel}"`, cause);
      this.#reportOnce(error);
      this.#outbox.refuse(entry, error);
    }
  }

  async #shutDown(): Promise<void> {
    // Unless an outage is known, whose end nobody can tell.
    if (this.#attempt === 0) {
      const grace = new AbortController();
      await Promise.race([this.#outbox.drained(), pause(CLOSE_GRACE_MS, grace.signal)]);
      grace.abort();
    }
    this.#shutdown.abort();
    this.#outbox.close();
    this.#liveness.close();
    for (const { reject } of this.#subscriptions.values()) {
      reject(closedError());
    }
    await Promise.all([endConnection(this.#publisher), endConnection(this.#listener)]);
    this.#status.notify({ type: "closed" });
  }
}

function closedError(): BridgeError {
  return new BridgeError("CLOSED", "the Redis bus is closed");
}
