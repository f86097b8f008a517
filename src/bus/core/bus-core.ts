import type { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import { DropTally } from "../../util/drop-tally.js";
import { type DropReason, processingFailed } from "../bus.js";
import { type BusOptions, normalizeHeartbeat, normalizeOutage } from "../options.js";
import type { Backend } from "./backend.js";
import { HeartbeatMonitor } from "./heartbeat-monitor.js";
import { Outbox } from "./outbox.js";
import { StatusReporter } from "./status-reporter.js";
import { Subscriptions } from "./subscriptions.js";

const debug = debugLog("bus");

/** @internal What all networked buses share. A backend takes from the outbox what to send, and reports what happens. */
export class BusCore {
  readonly outbox: Outbox;
  readonly subscriptions = new Subscriptions();
  readonly status = new StatusReporter();
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  /** Milliseconds; see `OutageOptions`. */
  readonly subscriberGrace: number;
  readonly #drops = new DropTally<DropReason>((reason, count, bytes) =>
    this.status.notify({ type: "dropped", reason, count, bytes }),
  );
  readonly #heartbeats: HeartbeatMonitor;
  readonly #closing = new AbortController();
  readonly #backend: () => Backend;

  /**
   * @param backend - called when the backend has been made
   * @throws BridgeError `BRIDGE_INVALID_OPTION`
   */
  constructor(options: BusOptions, backend: () => Backend) {
    this.#backend = backend;
    this.heartbeatInterval = normalizeHeartbeat(options.heartbeatInterval);
    const outage = normalizeOutage(options.outage);
    this.subscriberGrace = outage.subscriberGrace;
    this.outbox = new Outbox(outage, {
      confirmTimeout: 2 * this.heartbeatInterval,
      onDropped: (reason, count, bytes) => this.#drops.add(reason, count, bytes),
      onUnconfirmed: () => backend().replacePublisher(),
      onBackpressure: (count, bytes) => this.status.notify({ type: "backpressure", count, bytes }),
      onDrained: () => this.status.notify({ type: "drained" }),
    });
    this.#heartbeats = new HeartbeatMonitor({
      interval: this.heartbeatInterval,
      publish: (channel, text) => backend().publishHeartbeat(channel, this.encode(channel, Buffer.from(text))),
      onStatus: (status) => this.status.notify(status),
      onStale: (channel) => backend().replaceConnections(channel),
    });
  }

  /** Aborted by `close()`, after waiting messages had their last chance. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Untrusted input. Never throws, so one bad message cannot break the subscription. */
  received(channel: string, message: Uint8Array): void {
    try {
      const backend = this.#backend();
      const payload = backend.decode === undefined ? message : backend.decode(message);
      if (!this.#heartbeats.observe(channel, payload)) {
        this.subscriptions.deliver(channel, payload);
      }
    } catch (cause) {
      this.status.error(processingFailed(channel, cause));
    }
  }

  /** Whatever is published from now on arrives. */
  subscribed(channel: string): void {
    if (this.subscriptions.activate(channel)) {
      debug("subscribed to %o", channel);
      this.#heartbeats.subscribed(channel);
    }
  }

  /** The subscription is lost and is being made again. @returns whether it was active */
  subscriptionLost(channel: string): boolean {
    this.#heartbeats.subscriptionLost(channel);
    return this.subscriptions.lose(channel);
  }

  /** The broker denies the subscription. @returns whether to keep asking: a right that was revoked may be granted again */
  refused(channel: string, error: BridgeError): boolean {
    debug("subscription to %o refused: %s", channel, error.message);
    this.status.errorOnce(error);
    return this.subscriptions.refuse(channel, error);
  }

  /** Resolves when this process has received what it published before on the channel, or is not subscribed to it. */
  echo(channel: string): Promise<void> {
    return this.#heartbeats.echo(channel);
  }

  /** Heartbeats that are on their way were lost with the connection that published them. */
  restartHeartbeats(): void {
    for (const channel of this.subscriptions.channels) {
      if (this.subscriptions.stateOf(channel) === "active") {
        this.#heartbeats.subscribed(channel);
      }
    }
  }

  /** Connected, and the broker has granted or refused every subscription. */
  connected(): void {
    const channels = this.subscriptions.refused;
    this.status.forgetErrors();
    if (channels.length > 0) {
      this.status.notify({ type: "refused", channels });
    } else {
      this.status.notify({ type: "ready" });
    }
  }

  encode(channel: string, payload: Buffer): Buffer {
    const backend = this.#backend();
    return backend.encode === undefined ? payload : backend.encode(channel, payload);
  }

  /** What is not confirmed is dropped, and subscriptions that were never active reject. */
  stop(error: BridgeError): void {
    this.#closing.abort();
    this.outbox.close();
    this.#drops.flush();
    this.#heartbeats.close();
    this.subscriptions.close(error);
  }
}
