import type { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { debugLog } from "../../util/debug.js";
import { brokerError } from "../core/broker-error.js";
import type { BusCore } from "../core/bus-core.js";
import type { PublishGate } from "../core/publish-gate.js";
import { startRetryLoop } from "../core/retry-loop.js";
import { address, endConnection, HANDSHAKE_MS, openConnection, type RedisConnector, WITHIN } from "./connection.js";
import { onMessages } from "./pubsub-messages.js";
import { isBusy } from "./role.js";
import type { RedisWireFormat } from "./wire-format.js";

const debug = debugLog("redis");

/** The connection that subscribes and receives. */
export class RedisSubscriber {
  readonly #core: BusCore;
  readonly #connect: RedisConnector;
  readonly #prefix: string;
  readonly #gate: PublishGate;
  #connection: Redis | undefined;
  /** Of the socket that is open, and aborted when it is gone. */
  #lifetime: AbortController | undefined;

  constructor(core: BusCore, connect: RedisConnector, { prefix }: RedisWireFormat, gate: PublishGate) {
    this.#core = core;
    this.#connect = connect;
    this.#prefix = prefix;
    this.#gate = gate;
  }

  /** Connects, the first time. */
  subscribe(channel: string): void {
    this.#connection ??= this.#open();
    if (this.#lifetime !== undefined) {
      this.#keepAsking(this.#connection, channel, this.#lifetime.signal);
    }
  }

  /** Opens another connection. */
  replace(): void {
    this.#subscriptionsLost();
    this.#connection?.disconnect(true);
  }

  close(): Promise<void> {
    return endConnection(this.#connection);
  }

  #open(): Redis {
    const connection = openConnection(this.#connect, {
      onError: (error) => this.#core.status.errorOnce(error),
      onConnected: () => {
        debug("subscriber connected");
        this.#lifetime = new AbortController();
        for (const channel of this.#core.subscriptions.channels) {
          this.#keepAsking(connection, channel, this.#lifetime.signal);
        }
      },
    });
    onMessages(connection, (name, message) => this.#core.received(name.slice(this.#prefix.length), message));
    connection.on("close", () => {
      this.#lifetime?.abort();
      this.#lifetime = undefined;
      this.#onDisconnected();
    });
    connection.on("reconnecting", (delay: number) => {
      debug("subscriber reconnects in %d ms", delay);
      this.#gate.subscriberReconnecting(delay);
    });
    return connection;
  }

  /** Until Redis grants it: a right that was taken away may be restored. */
  #keepAsking(connection: Redis, channel: string, signal: AbortSignal): void {
    startRetryLoop({
      session: () => this.#sendSubscribe(connection, channel),
      onFailure: ({ delay }) => debug("SUBSCRIBE to %o again in %d ms", channel, delay),
      signal,
    });
  }

  /** The reply to SUBSCRIBE says that messages arrive from now on. Rejects when it is to be sent again. */
  async #sendSubscribe(connection: Redis, channel: string): Promise<void> {
    try {
      if (!(await atMost(HANDSHAKE_MS, connection.subscribe(this.#prefix + channel)))) {
        this.#onUnanswered(connection, channel);
        return;
      }
    } catch (cause) {
      // Otherwise the connection was lost; the next one subscribes again.
      if (isBusy(cause as Error)) {
        throw cause;
      }
      if ((cause as Error).name === "ReplyError") {
        this.#onRefused(channel, cause as Error);
      }
      return;
    }
    this.#core.subscribed(channel);
    this.#gate.openIfReady();
  }

  /** Nothing else would report it: before the reply to SUBSCRIBE, nothing is expected to arrive. */
  #onUnanswered(connection: Redis, channel: string): void {
    const message = `Redis at ${address(connection)} does not answer SUBSCRIBE to "${channel}"${WITHIN}`;
    this.#core.status.errorOnce(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
    this.replace();
  }

  #onRefused(channel: string, cause: Error): void {
    const error = brokerError(`Redis refused to subscribe to ${channel}`, cause);
    const isWanted = this.#core.refused(channel, error);
    this.#gate.openIfReady();
    if (isWanted) {
      throw error;
    }
  }

  /** Redis may close this connection alone, of a subscriber that reads too slowly, and then nothing else would report it. */
  #onDisconnected(): void {
    if (this.#subscriptionsLost() && this.#gate.isPublisherConnected) {
      const message =
        "Redis closed the subscriber's connection: what is published until it is back is lost to this host";
      this.#core.status.error(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
    }
  }

  /** @returns whether any of them was active */
  #subscriptionsLost(): boolean {
    this.#gate.subscriptionLost();
    return this.#core.subscriptions.channels.map((channel) => this.#core.subscriptionLost(channel)).includes(true);
  }
}
