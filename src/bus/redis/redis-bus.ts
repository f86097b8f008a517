import { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";
import type { Bus } from "../bus.js";
import { brokerError } from "../core/broker-error.js";
import type { Entry } from "../core/outbox.js";
import { PairedBus } from "../core/paired-bus.js";
import type { BusOptions } from "../options.js";
import { endConnection, openConnection } from "./connection.js";
import { onMessages } from "./pubsub-messages.js";
import { parseRedisUrl, type RedisOptions } from "./url.js";
import { BARE, type RedisWire } from "./wire-format.js";

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

/**
 * Redis or Valkey pub/sub, one PUBLISH per message, as `RedisManager` of python-socketio. One connection publishes,
 * another listens; each is opened when it is first needed.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`
 */
export function redisBus(options: RedisBusOptions): Bus {
  return new RedisBus(options);
}

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
function connectionFactory({ url, client, channel = "socketio" }: RedisBusOptions): (ours: RedisOptions) => Redis {
  if (url !== undefined && client === undefined) {
    const parsed = parseRedisUrl(url, channel);
    return (ours) => new Redis({ ...parsed, ...ours });
  }
  // Not instanceof: an application may have its own copy of ioredis.
  if (url === undefined && typeof client?.duplicate === "function" && "options" in client && !("nodes" in client)) {
    return (ours) => client.duplicate(ours);
  }
  throw new BridgeError(
    "BRIDGE_INVALID_OPTION",
    "redisBus takes either a url or a client, which is a Redis of ioredis",
  );
}

/** @internal What `redisBus` makes, for a fleet that says things to Redis in another way too. */
export class RedisBus extends PairedBus {
  readonly name: string;
  protected readonly title = "Redis";
  readonly #wire: RedisWire;
  readonly #openRedis: (ours: RedisOptions) => Redis;
  #publisher: Redis | undefined;
  #listener: Redis | undefined;
  /** By channel, how many received the last PUBLISH that was confirmed: so many listened before an outage. */
  readonly #lastReceivers = new Map<string, number>();

  constructor(options: RedisBusOptions, wire: RedisWire = BARE) {
    super(options);
    this.name = wire.name;
    this.#wire = wire;
    this.#openRedis = connectionFactory(options);
  }

  protected listen(channel: string): void {
    this.#openListener();
    if (this.#listener?.status === "ready") {
      this.#sendSubscribe(this.#listener, channel);
    }
  }

  protected override pack(channel: string, payload: Buffer): Buffer {
    return this.#wire.pack(channel, payload);
  }

  protected async publishBeat(channel: string, beat: string): Promise<unknown> {
    return this.#publisher?.publish(this.#wire.prefix + channel, this.pack(channel, Buffer.from(beat)));
  }

  protected onUnanswered(): void {
    this.#publisher?.disconnect(true);
  }

  protected onDeaf(): void {
    this.#forgetSubscriptions();
    // Which of the two is dead cannot be told: the beat goes out on one and comes back on the other.
    this.#listener?.disconnect(true);
    this.#publisher?.disconnect(true);
  }

  protected isPublisherOpen(): boolean {
    return this.#publisher?.status === "ready";
  }

  protected async disconnect(): Promise<void> {
    await Promise.all([endConnection(this.#publisher), endConnection(this.#listener)]);
  }

  protected flush(): void {
    this.#openPublisher();
    if (!this.isFlowing || this.#publisher === undefined) {
      return;
    }
    for (const entry of this.outbox.take()) {
      this.#publisher.publish(this.#wire.prefix + entry.channel, entry.payload).then(
        (receivers) => {
          this.#lastReceivers.set(entry.channel, receivers);
          this.outbox.confirm(entry);
          // What was held back while the broker was silent.
          this.flush();
        },
        (cause: Error) => this.#onPublishFailed(entry, cause),
      );
    }
  }

  #openPublisher(): void {
    if (this.#publisher !== undefined) {
      return;
    }
    this.status.notify({ type: "connecting" });
    const publisher = openConnection(this.#openRedis, (error) => this.reportOnce(error));
    this.#publisher = publisher;
    publisher.on("ready", () => {
      this.publisherOpened();
      this.forgetReports();
      this.resume();
    });
    publisher.on("close", () => this.publisherLost());
    publisher.on("reconnecting", (delay: number) => this.reconnecting(delay));
  }

  #openListener(): void {
    if (this.#listener !== undefined) {
      return;
    }
    const listener = openConnection(this.#openRedis, (error) => this.reportOnce(error));
    this.#listener = listener;
    const { prefix } = this.#wire;
    onMessages(listener, (name, message) => this.received(name.slice(prefix.length), this.#wire.unpack(message)));
    listener.on("ready", () => {
      for (const channel of this.channels) {
        this.#sendSubscribe(listener, channel);
      }
    });
    listener.on("close", () => this.#onCutOff());
    listener.on("reconnecting", (delay: number) => this.listenerReconnecting(delay));
  }

  /** Redis may cut a subscriber off alone, when it does not read fast enough, and then nothing else would tell. */
  #onCutOff(): void {
    const wasListening = this.#forgetSubscriptions();
    if (wasListening && !this.isClosed && this.#publisher?.status === "ready") {
      const message = "Redis cut the subscription off: what others publish until it is back is lost to this host";
      this.status.notify({ type: "error", error: new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message) });
    }
  }

  /** @returns whether any of them was active */
  #forgetSubscriptions(): boolean {
    this.notReady();
    return this.channels.map((channel) => this.lost(channel)).includes(true);
  }

  /** The reply to SUBSCRIBE tells that messages will arrive from now on. */
  #sendSubscribe(listener: Redis, channel: string): void {
    listener.subscribe(this.#wire.prefix + channel).then(
      () => {
        this.active(channel);
        this.resume();
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
    if (this.refused(channel, brokerError(`Redis refused to subscribe to ${channel}`, cause))) {
      void pause(backoff(Number.POSITIVE_INFINITY), this.shutdown.signal).then(() => {
        if (listener.status === "ready" && this.stateOf(channel) === "refused" && !this.isClosed) {
          this.#sendSubscribe(listener, channel);
        }
      });
    }
    this.resume();
  }

  /**
   * A broker that restarts is back before its subscribers are, and what is published meanwhile is lost to them. So
   * messages wait until as many listen as did before, or their time is over. Never rejects.
   */
  protected async othersBack(): Promise<void> {
    const { signal } = this.shutdown;
    const deadline = performance.now() + this.limits.subscriberGrace;
    while (performance.now() < deadline && this.#publisher?.status === "ready" && !signal.aborted) {
      if (await this.#areBack()) {
        return;
      }
      await pause(SUBSCRIBER_POLL_MS, signal);
    }
  }

  /** A bus that has published nothing yet cannot know how many there were, and gives them their whole time. */
  async #areBack(): Promise<boolean> {
    for (const [channel, receivers] of this.#lastReceivers) {
      if ((await this.#countReceivers(channel)) < receivers) {
        return false;
      }
    }
    return this.#lastReceivers.size > 0;
  }

  /** A server passes on what it gets, one message after the other. */
  isOrdered(): boolean {
    return true;
  }

  async countSubscribers(channel: string): Promise<number | undefined> {
    const count = this.#publisher?.status === "ready" ? await this.#countReceivers(channel) : undefined;
    return Number.isFinite(count) ? count : undefined;
  }

  /** Infinite where the broker does not tell, as under an ACL without PUBSUB: there is nothing to wait for then. */
  async #countReceivers(channel: string): Promise<number> {
    try {
      return this.#publisher === undefined ? 0 : await this.#wire.countReceivers(this.#publisher, channel);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }

  #onPublishFailed(entry: Entry, cause: Error): void {
    // Otherwise the connection was lost, and the outbox keeps the message for the next one.
    if (cause.name === "ReplyError") {
      const error = brokerError(`Redis refused to publish to "${entry.channel}"`, cause);
      this.reportOnce(error);
      this.outbox.refuse(entry, error);
    }
  }
}
