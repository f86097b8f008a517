import type { Redis } from "ioredis";
import { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import { pause } from "../../util/pause.js";
import { brokerError } from "../core/broker-error.js";
import type { BusCore } from "../core/bus-core.js";
import type { Entry } from "../core/outbox.js";
import { type GatedPublisher, PublishGate } from "../core/publish-gate.js";
import { address, endConnection, openConnection, type RedisConnector } from "./connection.js";
import { Pacer } from "./pacer.js";
import { isBusy, type ServerInfo, watchServerInfo } from "./role.js";
import type { RedisWireFormat } from "./wire-format.js";

/** How often to check whether the other hosts are subscribed again, in milliseconds. */
const SUBSCRIBER_POLL_MS = 50;

const debug = debugLog("redis");

/** The connection that publishes, one PUBLISH per message. */
export class RedisPublisher implements GatedPublisher {
  readonly gate: PublishGate;
  readonly #core: BusCore;
  readonly #connect: RedisConnector;
  readonly #wire: RedisWireFormat;
  readonly #pacer: Pacer;
  readonly #onDemoted: () => void;
  #connection: Redis | undefined;
  /** The server at the other end, while there is one that can be used. */
  #server: ServerInfo | undefined;
  /** By channel, how many hosts received the last PUBLISH: as many were subscribed before an outage. */
  readonly #lastReceivers = new Map<string, number>();

  /** @param onDemoted - the server that was a primary is a replica now */
  constructor(core: BusCore, connect: RedisConnector, wire: RedisWireFormat, onDemoted: () => void) {
    this.#core = core;
    this.#connect = connect;
    this.#wire = wire;
    this.#onDemoted = onDemoted;
    this.gate = new PublishGate(core, this);
    this.#pacer = new Pacer({
      echo: (channel) => core.echo(channel),
      longestEcho: 2 * core.heartbeatInterval,
      closing: core.closing,
      onBudget: () => this.flush(),
    });
  }

  get isConnected(): boolean {
    return this.#server !== undefined && this.#connection?.status === "ready";
  }

  /** Sends what the outbox holds. Connects, the first time. */
  flush(): void {
    this.#connection ??= this.#open();
    if (this.gate.isOpen) {
      for (const entry of this.#core.outbox.take(this.#pacer.budget)) {
        this.#send(this.#connection, entry);
        this.#pacer.sent(this.#connection, entry);
      }
    }
  }

  /** Past the outbox. */
  async publish(channel: string, message: Buffer): Promise<unknown> {
    if (!this.isConnected) {
      throw new BridgeError("BRIDGE_BROKER_UNAVAILABLE", "there is no connection that publishes");
    }
    return this.#connection?.publish(this.#wire.prefix + channel, message);
  }

  /** Opens another connection. */
  replace(): void {
    this.#connection?.disconnect(true);
  }

  close(): Promise<void> {
    return endConnection(this.#connection);
  }

  onGateOpened(): void {
    this.flush();
  }

  /**
   * A broker that restarts is back before its subscribers are, and what is published meanwhile is lost to them. So
   * messages wait until as many hosts are subscribed as before, or the grace is over. Never rejects.
   */
  async waitForOtherHosts(): Promise<void> {
    const { closing, subscriberGrace } = this.#core;
    const deadline = performance.now() + subscriberGrace;
    while (performance.now() < deadline && this.isConnected && !closing.aborted) {
      if (await this.#areOthersBack()) {
        return;
      }
      await pause(SUBSCRIBER_POLL_MS, closing);
    }
  }

  async countSubscribers(channel: string): Promise<number | undefined> {
    const count = this.isConnected && this.#countsTheFleet ? await this.#countReceivers(channel) : undefined;
    return Number.isFinite(count) ? count : undefined;
  }

  /** Whether hosts receive the messages of different hosts in one order: nodes of a cluster pass them on each by itself. */
  isOrdered(): boolean {
    return this.isConnected && !this.#isInCluster;
  }

  get #isInCluster(): boolean {
    return this.#connect.isCluster || this.#server?.isClusterNode === true;
  }

  /** Whether the subscribers that the server counts are all: not those of other nodes, or of its replicas. */
  get #countsTheFleet(): boolean {
    return !this.#isInCluster && this.#server?.hasReplicas !== true;
  }

  #open(): Redis {
    let lifetime = new AbortController();
    const connection = openConnection(this.#connect, {
      onError: (error) => this.#core.status.errorOnce(error),
      onConnected: (server) => {
        debug("publisher connected");
        this.#server = server;
        this.#core.status.forgetErrors();
        this.gate.publisherConnected();
        lifetime = new AbortController();
        const { heartbeatInterval } = this.#core;
        void watchServerInfo(connection, heartbeatInterval, lifetime.signal, (now) => this.#onInfo(connection, now));
      },
    });
    connection.on("close", () => {
      lifetime.abort();
      this.#server = undefined;
      this.#pacer.reset();
      this.gate.publisherLost();
    });
    connection.on("reconnecting", (delay: number) => {
      debug("publisher reconnects in %d ms", delay);
      this.gate.publisherReconnecting(delay);
    });
    return connection;
  }

  #onInfo(connection: Redis, server: ServerInfo): void {
    if (!server.isLoneReplica) {
      this.#server = server;
      return;
    }
    this.#server = undefined;
    const { heartbeatInterval, status } = this.#core;
    const message =
      `Redis at ${address(connection)} was made a replica: what was published there since it was last asked, ` +
      `at most ${heartbeatInterval} ms ago, may have reached no other server`;
    status.error(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
    this.#onDemoted();
  }

  #send(connection: Redis, entry: Entry): void {
    connection.publish(this.#wire.prefix + entry.channel, entry.payload).then(
      (receivers) => {
        this.#noteReceivers(entry.channel, receivers);
        this.#core.outbox.confirm(entry);
        // What was held back while the broker was silent.
        this.flush();
      },
      (cause: Error) => this.#onFailed(entry, cause),
    );
  }

  #onFailed(entry: Entry, cause: Error): void {
    // Otherwise the connection was lost, or is replaced, and the outbox keeps the message for the next one.
    if (isBusy(cause)) {
      this.#core.status.errorOnce(brokerError("Redis serves nobody for the time being", cause));
      this.replace();
    } else if (cause.name === "ReplyError") {
      const error = brokerError(`Redis refused to publish to "${entry.channel}"`, cause);
      this.#core.status.errorOnce(error);
      this.#core.outbox.refuse(entry, error);
    }
  }

  #noteReceivers(channel: string, receivers: number): void {
    if (this.#countsTheFleet) {
      this.#lastReceivers.set(channel, receivers);
    } else {
      this.#lastReceivers.clear();
    }
  }

  /** A bus that does not know how many hosts there were, or are, waits for the whole grace. */
  async #areOthersBack(): Promise<boolean> {
    if (!this.#countsTheFleet) {
      return false;
    }
    for (const [channel, receivers] of this.#lastReceivers) {
      if ((await this.#countReceivers(channel)) < receivers) {
        return false;
      }
    }
    return this.#lastReceivers.size > 0;
  }

  /** Infinite if the broker does not disclose it, as under an ACL without PUBSUB: there is nothing to wait for then. */
  async #countReceivers(channel: string): Promise<number> {
    try {
      return this.#connection === undefined ? 0 : await this.#wire.countReceivers(this.#connection, channel);
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
}
