import { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import { type Bus, type BusStatus, processingFailed } from "../bus.js";
import { type BusOptions, normalizeHeartbeat, normalizeOutage } from "../options.js";
import { atMost } from "./at-most.js";
import type { Backend, BusCore } from "./backend.js";
import { HeartbeatMonitor } from "./heartbeat-monitor.js";
import { Outbox } from "./outbox.js";
import { StatusReporter } from "./status-reporter.js";
import { Subscriptions } from "./subscriptions.js";

/** How long `close()` waits for the broker to confirm what it was sent, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

const debug = debugLog("bus");

/**
 * @internal A bus over a broker that is reached over a network. What all of them share is here and in the parts that
 * this file composes; the rest is in the backend.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION`, and what `makeBackend` throws
 */
export function networkedBus(options: BusOptions, makeBackend: (core: BusCore) => Backend): Bus {
  return new NetworkedBus(options, makeBackend);
}

class NetworkedBus implements Bus {
  readonly name: string;
  readonly #backend: Backend;
  readonly #outbox: Outbox;
  readonly #heartbeats: HeartbeatMonitor;
  readonly #subscriptions = new Subscriptions();
  readonly #status = new StatusReporter();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: BusOptions, makeBackend: (core: BusCore) => Backend) {
    const interval = normalizeHeartbeat(options.heartbeatInterval);
    const outage = normalizeOutage(options.outage);
    this.#outbox = new Outbox(outage, {
      confirmTimeout: 2 * interval,
      onDropped: (reason, count, bytes) => this.#status.notify({ type: "dropped", reason, count, bytes }),
      onUnconfirmed: () => {
        debug("messages are not confirmed: replacing the connection that publishes");
        this.#backend.replacePublisher();
      },
    });
    this.#heartbeats = new HeartbeatMonitor({
      interval,
      publish: (channel, heartbeat) =>
        this.#backend.publishHeartbeat(channel, this.#encode(channel, Buffer.from(heartbeat))),
      onStatus: (status) => this.#status.notify(status),
      onStale: (channel) => {
        debug("the subscription to %o is stale: replacing both connections", channel);
        this.#backend.replaceConnections(channel);
      },
    });
    this.#backend = makeBackend(this.#core(interval, outage.subscriberGrace));
    this.name = this.#backend.name;
  }

  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    const obstacle = this.#obstacle(channel);
    if (obstacle !== undefined) {
      return Promise.reject(obstacle);
    }
    const isNew = !this.#subscriptions.has(channel);
    const subscribed = this.#subscriptions.add(channel, onMessage);
    if (isNew) {
      this.#backend.flush(channel);
      this.#backend.subscribe(channel);
    }
    return subscribed;
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    const obstacle = this.#obstacle(channel);
    if (obstacle !== undefined) {
      return Promise.reject(obstacle);
    }
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.#outbox.add({ channel, payload: this.#encode(channel, bytes) });
    this.#backend.flush(channel);
    this.#outbox.enforceBounds();
    return published;
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.add(listener);
  }

  async countSubscribers(channel: string): Promise<number | undefined> {
    return this.#backend.countSubscribers?.(channel);
  }

  isOrdered(channel: string): boolean {
    return this.#backend.isOrdered?.(channel) ?? false;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  /** What the backend works with, and reports to. */
  #core(heartbeatInterval: number, subscriberGrace: number): BusCore {
    const subscriptions = this.#subscriptions;
    const status = this.#status;
    return {
      outbox: this.#outbox,
      heartbeatInterval,
      subscriberGrace,
      closing: this.#closing.signal,
      get channels() {
        return subscriptions.channels;
      },
      get areSubscriptionsAnswered() {
        return subscriptions.areAnswered;
      },
      stateOf: (channel) => subscriptions.stateOf(channel),
      received: (channel, message) => this.#onReceived(channel, message),
      subscribed: (channel) => this.#onSubscribed(channel),
      subscriptionLost: (channel) => this.#onSubscriptionLost(channel),
      refused: (channel, error) => this.#onRefused(channel, error),
      restartHeartbeats: () => this.#restartHeartbeats(),
      connecting: () => status.notify({ type: "connecting" }),
      ready: () => this.#onReady(),
      reconnecting: (attempt, delay) => status.notify({ type: "reconnecting", attempt, delay }),
      reportError: (error) => status.error(error),
      reportErrorOnce: (error) => status.errorOnce(error),
      forgetErrors: () => status.forgetErrors(),
    };
  }

  #onReceived(channel: string, message: Uint8Array): void {
    try {
      const payload = this.#backend.decode === undefined ? message : this.#backend.decode(message);
      if (!this.#heartbeats.observe(channel, payload)) {
        this.#subscriptions.deliver(channel, payload);
      }
    } catch (cause) {
      this.#status.error(processingFailed(channel, cause));
    }
  }

  #onSubscribed(channel: string): void {
    if (this.#subscriptions.activate(channel)) {
      debug("subscribed to %o", channel);
      this.#heartbeats.subscribed(channel);
    }
  }

  #onSubscriptionLost(channel: string): boolean {
    this.#heartbeats.subscriptionLost(channel);
    const wasActive = this.#subscriptions.lose(channel);
    if (wasActive) {
      debug("subscription to %o lost", channel);
    }
    return wasActive;
  }

  #onRefused(channel: string, error: BridgeError): boolean {
    debug("subscription to %o refused: %s", channel, error.message);
    this.#status.errorOnce(error);
    return this.#subscriptions.refuse(channel, error);
  }

  #restartHeartbeats(): void {
    for (const channel of this.#subscriptions.channels) {
      if (this.#subscriptions.stateOf(channel) === "active") {
        this.#heartbeats.subscribed(channel);
      }
    }
  }

  #onReady(): void {
    // A refusal that lasts was reported.
    if (this.#subscriptions.areActive) {
      this.#status.forgetErrors();
    }
    debug("ready");
    this.#status.notify({ type: "ready" });
  }

  #encode(channel: string, payload: Buffer): Buffer {
    return this.#backend.encode === undefined ? payload : this.#backend.encode(channel, payload);
  }

  #obstacle(channel: string): BridgeError | undefined {
    return this.#closed === undefined ? this.#backend.checkChannel?.(channel) : this.#closedError();
  }

  #closedError(): BridgeError {
    return new BridgeError("BRIDGE_CLOSED", `the ${this.#backend.title} bus is closed`);
  }

  async #shutDown(): Promise<void> {
    debug("closing; %d messages are not confirmed", this.#outbox.size);
    this.#status.muteErrors();
    if (!this.#backend.isAway()) {
      await atMost(CLOSE_GRACE_MS, this.#outbox.drained());
    }
    this.#closing.abort();
    this.#outbox.close();
    this.#heartbeats.close();
    this.#subscriptions.close(this.#closedError());
    await this.#backend.close();
    this.#status.notify({ type: "closed" });
  }
}
