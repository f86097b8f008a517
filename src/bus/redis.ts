import type { Redis } from "ioredis";
import { BridgeError } from "../errors.js";
import { Listeners } from "../listeners.js";
import { normalizeOutage, type OutageOptions } from "../options.js";
import { pause } from "../pause.js";
import { alreadySubscribed, type Bus, type BusStatus } from "./bus.js";
import { type Entry, Outbox } from "./outbox.js";
import { endConnection, openConnection } from "./redis-connection.js";
import { parseRedisUrl, type RedisOptions } from "./redis-url.js";

export interface RedisBusOptions {
  /** As python-socketio spells it; or a `client`. */
  readonly url?: string;
  /** The name of the Sentinel service where the URL has none. @default "socketio" */
  readonly channel?: string;
  /**
   * A client whose options are taken over. Two connections of our own are opened from them; this one is neither used
   * nor closed.
   */
  readonly client?: Redis;
  readonly outage?: OutageOptions;
}

/** How often to look whether the other hosts listen again, in milliseconds. */
const SUBSCRIBER_POLL_MS = 50;

/** How long `close()` waits for the broker to confirm what is on its way, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

interface Subscription {
  readonly onMessage: (payload: Uint8Array) => void;
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

class RedisBus implements Bus {
  readonly name = "redis";
  readonly #connectLike: RedisOptions | Redis;
  readonly #subscriberGrace: number;
  readonly #outbox: Outbox;
  readonly #status = new Listeners<BusStatus>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #shutdown = new AbortController();
  #publisher: Redis | undefined;
  #listener: Redis | undefined;
  #isListening = false;
  /** Whether messages may be written: connected, and the others are back or have had their time. */
  #isFlowing = false;
  /** The last PUBLISH that was confirmed: how many listened before an outage. */
  #lastPublish: { readonly channel: string; readonly receivers: number } | undefined;
  /** Counts connections, so that what belongs to an earlier one is known as such. */
  #epoch = 0;
  #attempt = 0;
  #lastError = "";
  #closed: Promise<void> | undefined;

  constructor({ url, client, channel = "socketio", outage }: RedisBusOptions) {
    if (client !== undefined && url === undefined) {
      this.#connectLike = client;
    } else if (client === undefined && url !== undefined) {
      this.#connectLike = parseRedisUrl(url, channel);
    } else {
      throw new BridgeError("INVALID_OPTION", "redisBus takes either a url or a client");
    }
    const limits = normalizeOutage(outage);
    this.#subscriberGrace = limits.subscriberGrace;
    this.#outbox = new Outbox(limits, (reason, count, bytes) =>
      this.#status.notify({ type: "dropped", reason, count, bytes }),
    );
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#status.add(listener);
  }

  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(this.#closedError());
    }
    if (this.#subscriptions.has(channel)) {
      return Promise.reject(alreadySubscribed(channel));
    }
    const subscribed = new Promise<void>((resolve, reject) => {
      this.#subscriptions.set(channel, { onMessage, resolve, reject });
    });
    this.#openPublisher();
    if (this.#listener === undefined) {
      this.#openListener();
    } else if (this.#listener.status === "ready") {
      this.#sendSubscribe(this.#listener);
    }
    return subscribed;
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    if (this.#closed !== undefined) {
      return Promise.reject(this.#closedError());
    }
    this.#openPublisher();
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.#outbox.add({ channel, payload: bytes }, this.#isFlowing);
    this.#flush();
    return published;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  #closedError(): BridgeError {
    return new BridgeError("CLOSED", "the Redis bus is closed");
  }

  #openPublisher(): void {
    if (this.#publisher !== undefined) {
      return;
    }
    this.#status.notify({ type: "connecting" });
    this.#publisher = openConnection(this.#connectLike, (error) => this.#reportOnce(error));
    this.#publisher.on("ready", () => {
      this.#epoch += 1;
      this.#attempt = 0;
      this.#lastError = "";
      this.#resume();
    });
    this.#publisher.on("close", () => {
      this.#isFlowing = false;
      this.#outbox.connectionLost();
    });
    this.#publisher.on("reconnecting", (delay: number) => {
      this.#attempt += 1;
      this.#status.notify({ type: "reconnecting", attempt: this.#attempt, delay });
    });
  }

  #openListener(): void {
    const listener = openConnection(this.#connectLike, (error) => this.#reportOnce(error));
    this.#listener = listener;
    listener.on("messageBuffer", (channel: Buffer, payload: Buffer) =>
      this.#subscriptions.get(channel.toString())?.onMessage(payload),
    );
    listener.on("ready", () => this.#sendSubscribe(listener));
    listener.on("close", () => {
      this.#isListening = false;
    });
  }

  /** Each attempt fails anew, on both connections; an operator needs to hear it once, and not that we hung up. */
  #reportOnce(error: BridgeError): void {
    if (this.#closed === undefined && error.message !== this.#lastError) {
      this.#lastError = error.message;
      this.#status.notify({ type: "error", error });
    }
  }

  /** SUBSCRIBE for all channels: its replies tell that messages will arrive from now on. */
  #sendSubscribe(listener: Redis): void {
    const channels = [...this.#subscriptions.keys()];
    listener.subscribe(...channels).then(
      () => {
        this.#isListening = true;
        for (const { resolve } of this.#subscriptions.values()) {
          resolve();
        }
        this.#resume();
      },
      (cause: Error) => {
        // A lost connection comes back and subscribes again; a refusal would only be repeated.
        if (cause.name === "ReplyError") {
          this.#refuseSubscriptions(channels, cause);
        }
      },
    );
  }

  #refuseSubscriptions(channels: readonly string[], cause: Error): void {
    const message = `Redis refused to subscribe to ${channels.join(", ")}: ${cause.message}`;
    const error = new BridgeError("BROKER_UNAVAILABLE", message, { cause });
    for (const channel of channels) {
      this.#subscriptions.get(channel)?.reject(error);
      this.#subscriptions.delete(channel);
    }
    this.#status.notify({ type: "error", error });
  }

  /** Lets messages flow once both connections are there and the subscribers of before are back. */
  #resume(): void {
    const hearsItself = this.#subscriptions.size === 0 || this.#isListening;
    if (this.#publisher?.status !== "ready" || this.#isFlowing || !hearsItself) {
      return;
    }
    const epoch = this.#epoch;
    this.#subscribersBack().then(
      () => {
        if (epoch === this.#epoch && this.#publisher?.status === "ready" && !this.#isFlowing) {
          this.#isFlowing = true;
          this.#status.notify({ type: "ready" });
          this.#flush();
        }
      },
      () => {},
    );
  }

  /**
   * A broker that restarts is back before its subscribers are, and what is published meanwhile is lost to them. So the
   * messages of the outage wait until as many listen as did before, or their time is over.
   */
  async #subscribersBack(): Promise<void> {
    if (this.#epoch === 1 || this.#outbox.size === 0) {
      return;
    }
    // A bus that has published nothing yet cannot know how many there were, and gives them their whole time.
    const { channel, receivers } = this.#lastPublish ?? { channel: "", receivers: Number.POSITIVE_INFINITY };
    const { signal } = this.#shutdown;
    const deadline = performance.now() + this.#subscriberGrace;
    while (performance.now() < deadline && this.#publisher?.status === "ready" && !signal.aborted) {
      if ((await this.#countSubscribers(channel)) >= receivers) {
        return;
      }
      await pause(SUBSCRIBER_POLL_MS, signal);
    }
  }

  /** Infinite where the broker does not tell, as under an ACL without PUBSUB: there is nothing to wait for then. */
  async #countSubscribers(channel: string): Promise<number> {
    try {
      const reply = await this.#publisher?.pubsub("NUMSUB", channel);
      return Number(reply?.[1] ?? Number.POSITIVE_INFINITY);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  #flush(): void {
    if (!this.#isFlowing || this.#publisher === undefined) {
      return;
    }
    for (const entry of this.#outbox.takeUnsent()) {
      this.#publisher.publish(entry.channel, entry.payload).then(
        (receivers) => {
          this.#lastPublish = { channel: entry.channel, receivers };
          this.#outbox.confirm(entry);
        },
        (cause: Error) => this.#onPublishFailed(entry, cause),
      );
    }
  }

  #onPublishFailed(entry: Entry, cause: Error): void {
    // Otherwise the connection was lost, and the outbox keeps the message for the next one.
    if (cause.name === "ReplyError") {
      const message = `Redis refused to publish to "${entry.channel}": ${cause.message}`;
      const error = new BridgeError("BROKER_UNAVAILABLE", message, { cause });
      this.#outbox.fail(entry, error);
      this.#status.notify({ type: "error", error });
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
    for (const { reject } of this.#subscriptions.values()) {
      reject(this.#closedError());
    }
    await Promise.all([endConnection(this.#publisher), endConnection(this.#listener)]);
    this.#status.notify({ type: "closed" });
  }
}
