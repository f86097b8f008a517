import type { Server } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { Bus, BusStatus } from "../bus/bus.js";
import { Cluster, type ClusterHandlers } from "../cluster/cluster.js";
import { PendingAcks } from "../cluster/pending-acks.js";
import { BridgeError } from "../errors.js";
import type { NormalizedAdapter } from "../options.js";
import { decode } from "../protocol/decode.js";
import { createEmitEncoder, createEncoder, type Encode } from "../protocol/encoders.js";
import { newHostId } from "../protocol/model/host-id.js";
import type { EmitMessage } from "../protocol/model/messages.js";
import type { EncodedEmit, OutgoingEmit, OutgoingMessage } from "../protocol/model/outgoing.js";
import { type LooksLikeSid, sidMatcher } from "../protocol/model/sid.js";
import type { LenientCopier } from "../protocol/side-channel/lenient-copy.js";
import type { RequestMessage } from "../protocol/side-channel/messages.js";
import { callApplication } from "../util/listeners.js";
import { quote } from "../util/quote.js";
import { OwedAcks } from "./inbound/owed-acks.js";
import { Incoming, type OpenNamespace } from "./inbound/receive.js";
import { inParts, type Reply, serveRequest } from "./inbound/serve-request.js";
import { isSid } from "./outbound/target.js";
import { CheckpointTracker } from "./recovery/checkpoints.js";
import { History } from "./recovery/history.js";
import { Recovery } from "./recovery/recovery.js";
import type { Checkpoint } from "./recovery/sessions.js";
import type { BridgeHandle, BridgeStats, ObservedEmit, RejectedMessage } from "./reporting/handle.js";
import { Reporter } from "./reporting/reporter.js";

/** How long a client that comes back waits for the hosts that it may have been with, in milliseconds. */
const RECOVERY_PATIENCE_MS = 1_000;

/** The bus may have missed something. */
const GAPS: readonly BusStatus["type"][] = ["reconnecting", "stale", "error"];

/**
 * The one meeting point of bus, codec and Socket.IO: Python uses one channel for all namespaces, Socket.IO makes one
 * adapter per namespace.
 */
export class Host implements BridgeHandle {
  readonly hostId = newHostId();
  readonly options: NormalizedAdapter;
  readonly acks: PendingAcks;
  readonly cluster: Cluster;
  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encode: Encode;
  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encodeEmit: (message: OutgoingEmit) => EncodedEmit;
  readonly looksLikeSid: LooksLikeSid;
  readonly #bus: Bus;
  readonly #namespaces = new Map<string, OpenNamespace>();
  readonly #journal: Reporter;
  #server: Server | undefined;
  #history: History | undefined;
  readonly #marks = new CheckpointTracker();
  readonly #incoming: Incoming;
  #lastMark = 0;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(bus: Bus, options: NormalizedAdapter) {
    this.#bus = bus;
    this.options = options;
    this.encode = createEncoder(options);
    this.encodeEmit = createEmitEncoder(options);
    this.looksLikeSid = sidMatcher(options.dialect);
    this.acks = new PendingAcks(options.maxPendingAcks);
    this.#journal = new Reporter(options.logger, options.channels);
    this.cluster = new Cluster({ bus, hostId: this.hostId, isHost: true, options, handlers: this.#clusterHandlers() });
    this.#incoming = new Incoming({
      ...{ hostId: this.hostId, options, namespaces: this.#namespaces, journal: this.#journal },
      ...{ acks: this.acks, cluster: this.cluster, marks: this.#marks },
      history: () => this.#history,
      publish: (message) => this.publish(message),
    });
    bus.onStatus((status) => {
      if (GAPS.includes(status.type)) {
        this.#history?.interrupted();
      }
      this.#journal.onStatus(status);
      this.cluster.onStatus(status);
    });
  }

  #clusterHandlers(): ClusterHandlers {
    return {
      onRequest: (message, channel) => this.#onRequest(message, channel),
      onAckCount: (message) => callApplication(() => this.acks.expectFromPeer(message)),
      onPeerAck: (message) => this.#incoming.settleAck(() => this.acks.addPeerAck(message)),
      onPeerLeft: (hostId) => callApplication(() => this.acks.peerLeft(hostId)),
      onRejected: (channel, rejected, hostId) => this.#journal.reject(channel, rejected, hostId),
      onSessions: ({ namespace, items }) => this.#namespaces.get(namespace)?.recovery?.importSessions(items),
      onHeartbeat: () => this.#onBeat(),
    };
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

  /** @returns what its clients come back to, if they can */
  addNamespace(adapter: Adapter): Recovery | undefined {
    const { name, sockets } = adapter.nsp;
    const forget = (sid: string, packetId: number) => sockets.get(sid)?.acks.delete(packetId);
    const recovery = this.#recoveryOf(adapter);
    this.#namespaces.set(name, { adapter, owedAcks: new OwedAcks(this.options.maxPendingAcks, forget), recovery });
    // Whoever wants to know awaits ready(); a failure of the broker is in the status as well.
    this.ready().catch(() => {});
    return recovery;
  }

  #recoveryOf(adapter: Adapter): Recovery | undefined {
    const { connectionStateRecovery, pingInterval = 25_000, pingTimeout = 20_000 } = adapter.nsp.server.opts;
    if (connectionStateRecovery === undefined) {
      return undefined;
    }
    const { maxSessions, ...limits } = this.options.recovery;
    const maxAway: number = connectionStateRecovery.maxDisconnectionDuration;
    const detection = pingInterval + 2 * pingTimeout;
    this.#history ??= new History({ hostId: this.hostId, ...limits, maxAge: maxAway + detection });
    const [channel, ...others] = this.options.channels;
    return new Recovery({
      adapter,
      hostId: this.hostId,
      history: this.#history,
      maxAway,
      detection,
      maxSessions,
      isShared: () => others.length === 0 && this.#bus.isOrdered?.(channel) === true,
      writeCheckpoint: () => this.#mark(),
      waitForCheckpoint: ({ host, number }) => this.#marks.waitFor(host, number, RECOVERY_PATIENCE_MS),
      read: (payload) => this.#readEmit(payload),
      requestPeers: (question) =>
        this.cluster.request(question, Math.min(RECOVERY_PATIENCE_MS, this.options.requestsTimeout)),
    });
  }

  /** The last namespace takes the host with it: that is the server's close(). */
  async removeNamespace(adapter: Adapter): Promise<void> {
    const { name } = adapter.nsp;
    const open = this.#namespaces.get(name);
    // A dynamic namespace may have been opened anew before the old one is closed.
    if (open?.adapter === adapter) {
      this.#handOver(name, open.recovery);
      this.#namespaces.delete(name);
    }
    if (this.#namespaces.size === 0) {
      await this.close();
    }
  }

  /** Leaves the sessions of this host's clients to the other hosts. */
  #handOver(namespace: string, recovery: Recovery | undefined): void {
    const sessions = this.cluster.peers.hostIds.length === 0 ? [] : (recovery?.exportSessions() ?? []);
    if (sessions.length > 0) {
      const copy = (session: object, copies: LenientCopier) => copies.copy(session);
      inParts(sessions, copy, (items) => {
        this.cluster.publish({ type: "exported_sessions", from: this.hostId, namespace, items }).catch(() => {});
      });
    }
  }

  /** A client has left: nobody will answer for it. */
  forgetClient(adapter: Adapter, sid: string): void {
    this.#namespaces.get(adapter.nsp.name)?.owedAcks.forgetClient(sid);
  }

  #onBeat(): void {
    for (const { owedAcks, recovery } of this.#namespaces.values()) {
      owedAcks.sweep();
      recovery?.sweep();
    }
    if (this.#history !== undefined) {
      this.#history.sweep();
      this.#mark();
    }
  }

  /** See `History`. */
  #mark(): Checkpoint {
    this.#lastMark += 1;
    const mark = { host: this.hostId, number: this.#lastMark };
    this.publish({ method: "node_checkpoint", number: mark.number, hostId: mark.host });
    return mark;
  }

  async ready(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new BridgeError("BRIDGE_CLOSED", "the adapter is closed");
    }
    this.#started ??= Promise.all([
      ...this.options.channels.map((channel) =>
        this.#bus.subscribe(channel, (payload) => this.#incoming.onMessage(channel, payload)),
      ),
      ...this.cluster.subscribe(),
    ]).then(() => {
      if (this.#history !== undefined) {
        this.#mark();
      }
      return this.cluster.start();
    });
    return this.#started;
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.acks.close();
      this.#marks.close();
      this.cluster.close();
      this.#closed = this.#bus.close();
    }
    return this.#closed;
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#journal.status.add(listener);
  }

  onRejected(listener: (rejection: RejectedMessage) => void): () => void {
    return this.#journal.rejections.add(listener);
  }

  onEmit(listener: (emit: ObservedEmit) => void): () => void {
    return this.#journal.emits.add(listener);
  }

  stats(): BridgeStats {
    return {
      ...this.#journal.stats(),
      pendingAcks: this.acks.size,
      nodeHosts: 1 + this.cluster.peers.hostIds.length,
      pythonHosts: this.cluster.pythonHosts.areExpected,
    };
  }

  get hasEmitListeners(): boolean {
    return this.#journal.emits.size > 0;
  }

  observe(emit: ObservedEmit): void {
    this.#journal.emits.notify(emit);
  }

  warn(key: string, text: string): void {
    this.#journal.warn(key, text);
  }

  /** Says once per room that not everyone who is in it can be excepted. */
  reportExcept(adapter: Adapter, rooms: readonly string[]): void {
    for (const room of rooms) {
      if (this.cluster.pythonHosts.areExpected && !isSid(adapter, room, this.looksLikeSid)) {
        this.#journal.warnOnce(
          `except ${adapter.nsp.name} ${room}`,
          () => `except(${quote(room)}): members of that room on Python hosts get the event all the same`,
        );
      }
    }
  }

  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  publish(message: OutgoingMessage): void {
    this.publishEncoded(this.encode(message));
  }

  /** Puts an encoded message on the channel, in order. The bus reports what it drops, so nobody waits for this. */
  publishEncoded(payload: Uint8Array | string): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#bus.publish(this.options.channels[0], payload).then(
      () => this.#journal.count("published"),
      () => {},
    );
  }

  /** How many read the fleet's channel at this moment, undefined where the broker does not tell. Never rejects. */
  async countListeners(): Promise<number | undefined> {
    return this.#bus.countSubscribers?.(this.options.channels[0]);
  }

  /** Of what the history keeps. */
  #readEmit(payload: Uint8Array | string): EmitMessage | undefined {
    const decoded = decode(
      typeof payload === "string" ? Buffer.from(payload) : payload,
      this.options.maxMessageSize,
      this.options,
    );
    return decoded.kind === "message" && decoded.message.method === "emit" ? decoded.message : undefined;
  }

  #onRequest(message: RequestMessage, channel: string): void {
    const { from: to, id } = message;
    const from = this.hostId;
    const reply: Reply = (items, part, isLast) => {
      this.cluster.publish({ type: "reply", from, to, id, part, isLast, items }, channel).catch(() => {});
    };
    const { adapter, recovery } = this.#namespaces.get(message.namespace) ?? {};
    const rejected = serveRequest(adapter, recovery, message, reply);
    if (rejected !== undefined) {
      this.#journal.reject(channel, rejected, to);
    }
  }
}
