import { BridgeError } from "../../errors.js";
import { Listeners } from "../../util/listeners.js";
import { pause } from "../../util/pause.js";
import { alreadySubscribed, type Bus, type BusStatus } from "../bus.js";
import { type BusOptions, type NormalizedOutage, normalizeHeartbeat, normalizeOutage } from "../options.js";
import { HeartbeatMonitor } from "./heartbeat-monitor.js";
import { Outbox } from "./outbox.js";

/** How long `close()` waits for the broker to confirm what is on its way, in milliseconds. */
const CLOSE_GRACE_MS = 5_000;

/** Kinds of errors that are told apart at a time; there are few, unless the broker's words differ each time. */
const MOST_REPORTS = 100;

interface Subscription {
  readonly onMessage: (payload: Uint8Array) => void;
  /** On the present connection: the broker has not yet answered, or it did, in one way or the other. */
  state: "unanswered" | "active" | "refused";
  /** Whether it was ever active: then a refusal is an event, and no answer to `subscribe()`. */
  wasActive: boolean;
  resolve(): void;
  reject(error: BridgeError): void;
}

/**
 * @internal What is the same for every broker that is reached over a network: what waits to be published, who listens,
 * whether it still hears, what is told, and the end.
 */
export abstract class BrokerBus implements Bus {
  abstract readonly name: string;
  /** Of the broker, for people. */
  protected abstract readonly title: string;
  /** Milliseconds. */
  protected readonly heartbeatInterval: number;
  protected readonly limits: NormalizedOutage;
  protected readonly outbox: Outbox;
  protected readonly liveness: HeartbeatMonitor;
  protected readonly status = new Listeners<BusStatus>();
  /** Aborted by `close()`, when what could be published has been. */
  protected readonly shutdown = new AbortController();
  readonly #subscriptions = new Map<string, Subscription>();
  /** Since it was last ready: each attempt fails anew, on each connection; an operator needs to hear of it once. */
  readonly #told = new Set<string>();
  #closed: Promise<void> | undefined;

  /** @throws BridgeError `BRIDGE_INVALID_OPTION` */
  constructor({ outage, heartbeatInterval }: BusOptions) {
    const interval = normalizeHeartbeat(heartbeatInterval);
    this.heartbeatInterval = interval;
    this.limits = normalizeOutage(outage);
    this.outbox = new Outbox(this.limits, {
      answerTimeout: 2 * interval,
      onDropped: (reason, count, bytes) => this.status.notify({ type: "dropped", reason, count, bytes }),
      onUnanswered: () => this.onUnanswered(),
    });
    this.liveness = new HeartbeatMonitor({
      interval,
      publish: (channel, beat) => this.publishBeat(channel, beat),
      onStatus: (status) => this.status.notify(status),
      onDeaf: (channel) => this.onDeaf(channel),
    });
  }

  /** Asks the broker for the channel, now or as soon as it is there; then `active()` or `refused()` is to be called. */
  protected abstract listen(channel: string): void;
  /** Connects, the first time; writes what the outbox holds when that may be written. */
  protected abstract flush(channel: string): void;
  /** As `LivenessOptions.publish`. */
  protected abstract publishBeat(channel: string, beat: string): Promise<unknown>;
  /** As `OutboxOptions.onUnanswered`. */
  protected abstract onUnanswered(): void;
  /** As `LivenessOptions.onDeaf`. */
  protected abstract onDeaf(channel: string): void;
  /** An outage is known, whose end nobody can tell. */
  protected abstract isAway(): boolean;
  /** Releases every handle. Never rejects. */
  protected abstract disconnect(): Promise<void>;

  /** What the broker is given for a message. */
  protected pack(_channel: string, payload: Buffer): Buffer {
    return payload;
  }

  /** @returns why the broker cannot have a channel of that name */
  protected invalid(_channel: string): BridgeError | undefined {
    return undefined;
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.status.add(listener);
  }

  subscribe(channel: string, onMessage: (payload: Uint8Array) => void): Promise<void> {
    const obstacle = this.#obstacle(channel) ?? (this.#subscriptions.has(channel) && alreadySubscribed(channel));
    if (obstacle) {
      return Promise.reject(obstacle);
    }
    const subscribed = new Promise<void>((resolve, reject) => {
      this.#subscriptions.set(channel, { onMessage, state: "unanswered", wasActive: false, resolve, reject });
    });
    this.flush(channel);
    this.listen(channel);
    return subscribed;
  }

  publish(channel: string, payload: Uint8Array | string): Promise<void> {
    const obstacle = this.#obstacle(channel);
    if (obstacle !== undefined) {
      return Promise.reject(obstacle);
    }
    const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
    const published = this.outbox.add({ channel, payload: this.pack(channel, bytes) });
    this.flush(channel);
    this.outbox.enforceBounds();
    return published;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  protected get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  protected get channels(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  protected stateOf(channel: string): Subscription["state"] | undefined {
    return this.#subscriptions.get(channel)?.state;
  }

  /** Whether the broker has answered, in one way or the other, to all that was asked of it. */
  protected get isAnswered(): boolean {
    return [...this.#subscriptions.values()].every(({ state }) => state !== "unanswered");
  }

  protected received(channel: string, payload: Uint8Array): void {
    if (!this.liveness.observe(channel, payload)) {
      this.#subscriptions.get(channel)?.onMessage(payload);
    }
  }

  /** What is published from now on arrives. */
  protected active(channel: string): void {
    const subscription = this.#subscriptions.get(channel);
    if (subscription !== undefined) {
      subscription.state = "active";
      subscription.wasActive = true;
      this.liveness.subscribed(channel);
      subscription.resolve();
    }
  }

  /** The subscription is lost, and is being made anew. @returns whether it was active */
  protected lost(channel: string): boolean {
    const subscription = this.#subscriptions.get(channel);
    const wasActive = subscription?.state === "active";
    if (subscription !== undefined) {
      subscription.state = "unanswered";
      this.liveness.lost(channel);
    }
    return wasActive;
  }

  /** The broker does not grant it. @returns whether to go on asking: rights that were taken may be given back */
  protected refused(channel: string, error: BridgeError): boolean {
    this.reportOnce(error);
    const subscription = this.#subscriptions.get(channel);
    if (subscription?.wasActive) {
      subscription.state = "refused";
      return true;
    }
    this.#subscriptions.delete(channel);
    subscription?.reject(error);
    return false;
  }

  protected reportOnce(error: BridgeError): void {
    if (!this.isClosed && !this.#told.has(error.message)) {
      if (this.#told.size >= MOST_REPORTS) {
        this.#told.clear();
      }
      this.#told.add(error.message);
      this.status.notify({ type: "error", error });
    }
  }

  /** What was told before may be told again. */
  protected forgetReports(): void {
    this.#told.clear();
  }

  protected tellReady(): void {
    // A refusal that lasts was told.
    if ([...this.#subscriptions.values()].every(({ state }) => state === "active")) {
      this.forgetReports();
    }
    this.status.notify({ type: "ready" });
  }

  #obstacle(channel: string): BridgeError | undefined {
    return this.isClosed ? this.#closedError() : this.invalid(channel);
  }

  #closedError(): BridgeError {
    return new BridgeError("BRIDGE_CLOSED", `the ${this.title} bus is closed`);
  }

  async #shutDown(): Promise<void> {
    if (!this.isAway()) {
      await atMost(CLOSE_GRACE_MS, this.outbox.drained());
    }
    this.shutdown.abort();
    this.outbox.close();
    this.liveness.close();
    for (const { reject } of this.#subscriptions.values()) {
      reject(this.#closedError());
    }
    await this.disconnect();
    this.status.notify({ type: "closed" });
  }
}

/** Waits for it no longer than so many milliseconds. */
export async function atMost(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([promise, pause(milliseconds, patience.signal)]);
  patience.abort();
}
