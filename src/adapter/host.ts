import type { Server } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { Bus, BusStatus } from "../bus/bus.js";
import { Cluster } from "../cluster/cluster.js";
import type { PeerMessageHandlers } from "../cluster/peer-message-receiver.js";
import { sendInParts } from "../cluster/send-in-parts.js";
import { BridgeError } from "../errors.js";
import type { NormalizedAdapter } from "../options.js";
import { newHostId } from "../protocol/model/host-id.js";
import { sidMatcher } from "../protocol/model/sid.js";
import { atMost } from "../util/at-most.js";
import { debugLog } from "../util/debug.js";
import { Listeners } from "../util/listeners.js";
import { ChannelPublisher } from "./channel-publisher.js";
import { namespaceOf } from "./clients/namespace.js";
import { forgetAck } from "./clients/private-fields.js";
import type { ServedNamespace } from "./inbound/dependencies.js";
import { OwedAcks } from "./inbound/owed-acks.js";
import { peerMessageHandlers } from "./inbound/peer-message-handlers.js";
import { Receiver } from "./inbound/receiver.js";
import type { OutboundDependencies } from "./outbound/dependencies.js";
import { HostRecovery } from "./recovery/host-recovery.js";
import { Reporter } from "./reporting/reporter.js";

const debug = debugLog("adapter");

/** How long `close()` waits until the broker takes the sessions of clients, in milliseconds. */
const EXPORT_MS = 5_000;

/** Until one of these, the bus may have missed messages: `ready` ends what the others have begun. */
const GAPS: readonly BusStatus["type"][] = ["reconnecting", "stale", "error", "refused", "ready"];

/**
 * One Socket.IO server as a host of the fleet. Python uses one channel for all namespaces, Socket.IO makes one adapter per
 * namespace; they meet here.
 *
 * Outbound parts know nothing of inbound ones, and neither knows the host: it assembles them, and ends them.
 */
export class Host {
  readonly hostId = newHostId();
  readonly options: NormalizedAdapter;
  readonly reporter: Reporter;
  readonly cluster: Cluster;
  readonly marks = new Listeners<string>((error) => this.reporter.threw("the edge", error));
  /** What the namespaces' own operations are built on. */
  readonly outbound: Omit<OutboundDependencies, "adapter">;
  readonly #bus: Bus;
  readonly #publisher: ChannelPublisher;
  readonly #recovery: HostRecovery;
  readonly #namespaces = new Map<string, ServedNamespace>();
  /** Sessions of closed namespaces that are on their way to other hosts. */
  readonly #exports = new Set<Promise<void>>();
  readonly #receiver: Receiver;
  readonly #peerHandlers: PeerMessageHandlers;
  #server: Server | undefined;
  #started: Promise<void> | undefined;
  #isSubscribed = false;
  #closed: Promise<void> | undefined;

  constructor(bus: Bus, options: NormalizedAdapter) {
    const { hostId } = this;
    const { channels, dialect, toPythonRoom } = options;
    const [channel, ...others] = channels;

    // Each part knows those above it.
    const reporter = new Reporter(options.logger, channels);
    const publisher = new ChannelPublisher({ ...options, bus, channel, reporter });
    const cluster = new Cluster({
      ...options,
      bus,
      hostId,
      isHost: true,
      onThrown: (error) => reporter.threw("a callback for acknowledgements", error),
    });
    const isOrdered = () => others.length === 0 && bus.isOrdered?.(channel) === true;
    const recovery = new HostRecovery({
      options,
      cluster,
      publisher,
      isOrdered,
      onThrown: (error) => reporter.threw("what ran while a client resumed", error),
    });
    const inbound = {
      options,
      namespaces: this.#namespaces,
      cluster,
      recovery,
      publisher,
      reporter,
      marks: this.marks,
    };

    this.options = options;
    this.reporter = reporter;
    this.cluster = cluster;
    this.outbound = { cluster, publisher, reporter, looksLikeSid: sidMatcher(dialect), toPythonRoom };
    this.#bus = bus;
    this.#publisher = publisher;
    this.#recovery = recovery;
    this.#receiver = new Receiver(inbound);
    this.#peerHandlers = peerMessageHandlers(inbound);
    bus.onStatus((status) => this.#onStatus(status));
  }

  /** Resolves when all channels are subscribed and `hello` is published. @throws BridgeError rejects with `BRIDGE_CLOSED` */
  async ready(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new BridgeError("BRIDGE_CLOSED", "the adapter is closed");
    }
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    await Promise.all([
      ...this.options.channels.map((channel) =>
        this.#bus.subscribe(channel, (payload) => this.#receiver.onMessage(channel, payload)),
      ),
      ...this.cluster.subscribe(this.#peerHandlers),
    ]);
    this.#isSubscribed = true;
    this.#recovery.start();
    await this.cluster.start(() => this.#sweep());
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      debug("%s closes", this.hostId);
      this.#recovery.close();
      this.cluster.close();
      this.#publisher.close();
      this.reporter.close();
      this.#closed = this.#bus.close();
    }
    return this.#closed;
  }

  /** @throws BridgeError `BRIDGE_INVALID_OPTION` for a second server, `BRIDGE_CLOSED` after the first was closed */
  bindServer(server: Server): void {
    if (this.#closed !== undefined) {
      throw new BridgeError("BRIDGE_CLOSED", "this adapter was closed with its server: call createAdapter() again");
    }
    this.#server ??= server;
    if (this.#server !== server) {
      throw new BridgeError(
        "BRIDGE_INVALID_OPTION",
        "this adapter serves another server already: call createAdapter() again",
      );
    }
  }

  /** Inbound messages find the namespace from then on. The first one starts the host. */
  addNamespace(adapter: Adapter): ServedNamespace {
    const { name } = namespaceOf(adapter);
    debug("open namespace %s", name);
    const { maxPendingAcks } = this.options;
    const owedAcks = new OwedAcks(maxPendingAcks, (sid, packetId) => forgetAck(adapter, sid, packetId));
    const served = { adapter, owedAcks, recovery: this.#recovery.open(adapter) };
    this.#namespaces.set(name, served);
    // Applications await ready() if they want to know; a failure of the broker is in the status as well.
    this.ready().catch(() => {});
    return served;
  }

  /** The last namespace takes the host with it: that is the server's `close()`. */
  async removeNamespace(adapter: Adapter): Promise<void> {
    const { name } = namespaceOf(adapter);
    const served = this.#namespaces.get(name);
    // A dynamic namespace may have been opened anew before the old one is closed.
    if (served?.adapter === adapter) {
      debug("close namespace %s", name);
      this.#namespaces.delete(name);
      this.#exportSessions(name, served);
    }
    if (this.#exports.size > 0) {
      await atMost(EXPORT_MS, Promise.all(this.#exports));
    }
    if (this.#namespaces.size === 0) {
      await this.close();
    }
  }

  /** So that clients of this host can resume on other hosts. */
  #exportSessions(namespace: string, { recovery }: ServedNamespace): void {
    const { cluster, hostId: from, reporter } = this;
    const sessions = cluster.peers.hostCount === 0 ? [] : (recovery?.exportSessions() ?? []);
    if (sessions.length > 0) {
      const exported = sendInParts(sessions, {
        copy: (session, copier) => copier.copy(session),
        send: (items) => cluster.sideChannel.publish({ type: "exported_sessions", from, namespace, items }),
        window: cluster.window,
        maxMessageSize: this.options.maxMessageSize,
      })
        .catch(({ message }: Error) => reporter.warn("sessions", `a client cannot resume on another host: ${message}`))
        .finally(() => this.#exports.delete(exported));
      this.#exports.add(exported);
    }
  }

  #onStatus(status: BusStatus): void {
    if (GAPS.includes(status.type)) {
      this.#recovery.interrupted();
    }
    if (status.type === "ready" && this.#isSubscribed) {
      this.#recovery.start();
    }
    this.reporter.onStatus(status);
    this.cluster.onStatus(status);
  }

  /** Once per heartbeat interval: drops what is too old. */
  #sweep(): void {
    for (const { owedAcks, recovery } of this.#namespaces.values()) {
      owedAcks.sweep();
      recovery?.sweep();
    }
    this.#recovery.sweep();
  }
}
