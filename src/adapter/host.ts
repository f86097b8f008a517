import type { Server } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { Bus, BusStatus } from "../bus/bus.js";
import { BridgeError } from "../errors.js";
import { callApplication } from "../listeners.js";
import type { NormalizedAdapter } from "../options.js";
import { type Decoded, decode } from "../protocol/decode.js";
import type { EncodedEmit } from "../protocol/encode.js";
import { type Encode, emitEncoderOf, encoderOf } from "../protocol/encoders.js";
import { scanEmit } from "../protocol/envelope.js";
import type { HarmlessCopies } from "../protocol/harmless.js";
import { newHostId } from "../protocol/host-id.js";
import {
  type CallbackMessage,
  type EmitMessage,
  type Message,
  quote,
  type Rejected,
  roomName,
} from "../protocol/messages.js";
import type { RequestMessage } from "../protocol/node-messages.js";
import type { OutgoingEmit, OutgoingMessage } from "../protocol/outgoing.js";
import { OwedAcks, PendingAcks } from "./acks.js";
import { type Answers, answersTo } from "./answers.js";
import { Cluster, type ClusterHandlers, sideChannel } from "./cluster.js";
import { type Delivery, type DeliveryContext, deliver } from "./deliver.js";
import { History } from "./history.js";
import { Journal } from "./journal.js";
import { Marks } from "./marks.js";
import type { BridgeHandle, BridgeStats, ObservedEmit, Rejection } from "./observe.js";
import { Recovery } from "./recovery.js";
import { relay } from "./relay.js";
import { inParts, type Reply, serveRequest } from "./serve-request.js";
import type { Mark } from "./sessions.js";
import { isSid, type LooksLikeSid, sidTest } from "./target.js";

interface OpenNamespace {
  readonly adapter: Adapter;
  readonly owedAcks: OwedAcks;
  readonly recovery: Recovery | undefined;
}

/** How long a client that comes back waits for the hosts that it may have been with, in milliseconds. */
const RECOVERY_PATIENCE_MS = 1_000;

/** The bus may have missed something. */
const GAPS: readonly BusStatus["type"][] = ["reconnecting", "deaf", "error"];

/** Thrown by an outgoing listener of the application, or by its parser. */
const undeliverable = (error: unknown): Rejected => ({
  reason: "undeliverable",
  detail: quote(error instanceof Error ? error.message : String(error)),
});

/**
 * The one meeting point of bus, codec and Socket.IO: Python uses one channel for all namespaces, Socket.IO makes one
 * adapter per namespace.
 */
export class Host implements BridgeHandle {
  readonly hostId = newHostId();
  readonly options: NormalizedAdapter;
  readonly acks: PendingAcks;
  readonly cluster: Cluster;
  /** @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encode: Encode;
  /** @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encodeEmit: (message: OutgoingEmit) => EncodedEmit;
  readonly looksLikeSid: LooksLikeSid;
  readonly #bus: Bus;
  readonly #namespaces = new Map<string, OpenNamespace>();
  readonly #journal: Journal;
  #server: Server | undefined;
  #history: History | undefined;
  readonly #marks = new Marks();
  #lastMark = 0;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(bus: Bus, options: NormalizedAdapter) {
    this.#bus = bus;
    this.options = options;
    this.encode = encoderOf(options);
    this.encodeEmit = emitEncoderOf(options);
    this.looksLikeSid = sidTest(options.dialect);
    this.acks = new PendingAcks(options.maxPendingAcks);
    this.#journal = new Journal(options.logger, options.channels);
    this.cluster = new Cluster({ bus, hostId: this.hostId, isHost: true, options, handlers: this.#clusterHandlers() });
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
      onCount: (message) => callApplication(() => this.acks.count(message)),
      onAnswer: (message) => this.#settleAck(() => this.acks.answerCounted(message)),
      onLeft: (hostId) => callApplication(() => this.acks.left(hostId)),
      onRejected: (channel, rejected, hostId) => this.#journal.reject(channel, rejected, hostId),
      onSessions: ({ namespace, items }) => this.#namespaces.get(namespace)?.recovery?.takeOver(items),
      onBeat: () => this.#onBeat(),
    };
  }

  /** @throws BridgeError `INVALID_OPTION` for a second server, `CLOSED` after the first was closed */
  belongTo(server: Server): void {
    if (this.#closed !== undefined) {
      throw new BridgeError("CLOSED", "this adapter was closed with its server: call createAdapter() again");
    }
    this.#server ??= server;
    if (this.#server !== server) {
      throw new BridgeError("INVALID_OPTION", "this adapter serves another server already: call createAdapter() again");
    }
  }

  /** @returns what its clients come back to, if they can */
  attach(adapter: Adapter): Recovery | undefined {
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
      mark: () => this.#mark(),
      heard: ({ host, number }) => this.#marks.until(host, number, RECOVERY_PATIENCE_MS),
      read: (payload) => this.#readEmit(payload),
      ask: (question) => this.cluster.ask(question, Math.min(RECOVERY_PATIENCE_MS, this.options.requestsTimeout)),
    });
  }

  /** The last namespace takes the host with it: that is the server's close(). */
  async detach(adapter: Adapter): Promise<void> {
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
    const sessions = this.cluster.peers.hosts.length === 0 ? [] : (recovery?.handOver() ?? []);
    if (sessions.length > 0) {
      const copy = (session: object, copies: HarmlessCopies) => copies.copy(session);
      inParts(sessions, copy, (items) => {
        this.cluster.publish({ type: "sessions", from: this.hostId, namespace, items }).catch(() => {});
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
  #mark(): Mark {
    this.#lastMark += 1;
    const mark = { host: this.hostId, number: this.#lastMark };
    this.publish({ method: "node_mark", number: mark.number, hostId: mark.host });
    return mark;
  }

  async ready(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new BridgeError("CLOSED", "the adapter is closed");
    }
    this.#started ??= Promise.all([
      ...this.options.channels.map((channel) =>
        this.#bus.subscribe(channel, (payload) => this.#onMessage(channel, payload)),
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

  onStatus(listener: (status: BusStatus) => void): void {
    this.#journal.status.add(listener);
  }

  onRejected(listener: (rejection: Rejection) => void): void {
    this.#journal.rejections.add(listener);
  }

  onEmit(listener: (emit: ObservedEmit) => void): void {
    this.#journal.emits.add(listener);
  }

  stats(): BridgeStats {
    return {
      ...this.#journal.stats(),
      pendingAcks: this.acks.size,
      nodeHosts: 1 + this.cluster.peers.hosts.length,
      pythonHosts: this.cluster.python.areLikely,
    };
  }

  get isWatched(): boolean {
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
      if (this.cluster.python.areLikely && !isSid(adapter, room, this.looksLikeSid)) {
        this.#journal.warnOnce(
          `except ${adapter.nsp.name} ${room}`,
          () => `except(${quote(room)}): members of that room on Python hosts get the event all the same`,
        );
      }
    }
  }

  /** @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry */
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
    return this.#bus.countListeners?.(this.options.channels[0]);
  }

  /** Foreign input: whatever comes, nothing is thrown into the bus, and the next message is heard. */
  #onMessage(channel: string, payload: Uint8Array): void {
    this.#journal.count("received");
    if (this.#relay(channel, payload)) {
      return;
    }
    const decoded = this.#decode(payload);
    this.#history?.heard(payload, decoded.kind === "message" && decoded.message.method === "node_mark");
    switch (decoded.kind) {
      case "ignored":
        this.#journal.count("ignored");
        return;
      case "rejected":
        this.#journal.reject(channel, decoded.rejected, decoded.hostId);
        return;
      case "message":
        this.#onDecoded(channel, decoded.message, payload);
        return;
      default:
        decoded satisfies never;
    }
  }

  /**
   * The shortest way, which decodes nothing, for what may take it; see `relay`.
   *
   * @returns whether nothing else is to be done with it
   */
  #relay(channel: string, payload: Uint8Array): boolean {
    const { options } = this;
    if (!options.relay || this.#history !== undefined || this.isWatched || payload.length > options.maxMessageSize) {
      return false;
    }
    const emit = scanEmit(payload, options.dialect);
    if (emit === undefined || emit.envelope.callback !== null) {
      return false;
    }
    const { hostId, namespace } = emit.envelope;
    if (hostId === this.hostId) {
      this.#journal.count("echoes");
      return true;
    }
    const open = this.#namespaces.get(namespace);
    if (open === undefined) {
      return false;
    }
    let isDone = true;
    try {
      isDone = relay(open.adapter, emit, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
    } catch (error) {
      this.#journal.reject(channel, undeliverable(error), hostId);
    }
    if (isDone) {
      this.cluster.python.heardFrom(hostId);
    }
    return isDone;
  }

  #decode(payload: Uint8Array): Decoded {
    return decode(payload, this.options.maxMessageSize, this.options);
  }

  /** Of what the history keeps. */
  #readEmit(payload: Uint8Array | string): EmitMessage | undefined {
    const decoded = this.#decode(typeof payload === "string" ? Buffer.from(payload) : payload);
    return decoded.kind === "message" && decoded.message.method === "emit" ? decoded.message : undefined;
  }

  #onDecoded(channel: string, message: Message, payload: Uint8Array): void {
    if (message.method === "callback") {
      this.#onCallback(message);
      return;
    }
    if (message.method === "node_mark") {
      this.#marks.heard(message.hostId ?? "", message.number);
      return;
    }
    if (message.hostId === this.hostId) {
      this.#onEcho(message);
      return;
    }
    this.cluster.python.heardFrom(message.hostId);
    const answers = message.method === "emit" ? this.#answersTo(message, channel) : undefined;
    const rejected = this.#deliver(message, answers, payload);
    // Whoever counts waits for the word of each host, of one that has nobody too.
    answers?.count(0);
    if (rejected !== undefined) {
      this.#journal.reject(channel, rejected, message.hostId);
    }
  }

  #onEcho(message: Delivery): void {
    this.#journal.count("echoes");
    if (message.method === "emit" && message.node?.number !== undefined) {
      this.#history?.returned(message.node.number);
    }
  }

  /** Node hosts answer each other beside this channel, so a Python host wrote this, or had asked for it. */
  #onCallback(message: CallbackMessage): void {
    this.cluster.python.heard();
    if (message.hostId === this.hostId) {
      this.#settleAck(() => this.acks.answer(message));
    }
  }

  #settleAck(settle: () => boolean): void {
    callApplication(() => {
      if (!settle()) {
        this.#journal.count("unknownAcks");
      }
    });
  }

  #answersTo(message: EmitMessage, channel: string): Answers | undefined {
    return answersTo(message, {
      from: this.hostId,
      publish: (answer) => this.publish(answer),
      publishNode: (answer) => this.cluster.publish(answer, sideChannel(channel)),
      warn: (text) => this.warn("answer", text),
    });
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

  #deliver(message: Delivery, answers: Answers | undefined, payload: Uint8Array): Rejected | undefined {
    const namespace = this.#namespaces.get(message.namespace);
    if (namespace === undefined) {
      return { reason: "unknown_namespace", detail: `no namespace ${quote(message.namespace)} on this host` };
    }
    const { recovery } = namespace;
    const context: DeliveryContext = {
      owedAcks: namespace.owedAcks,
      answers,
      remember: recovery && ((emit, audience) => recovery.remember(emit, audience, payload)),
      observe: this.isWatched ? (emit, args) => this.#observeDelivery(emit, args) : undefined,
    };
    let rejected: Rejected | undefined;
    if (message.method === "emit") {
      try {
        rejected = deliver(namespace.adapter, message, context);
      } catch (error) {
        rejected = undeliverable(error);
      }
    } else {
      // What throws here is the application's own handler of "disconnect", or the like.
      callApplication(() => {
        rejected = deliver(namespace.adapter, message, context);
      });
    }
    return rejected;
  }

  #observeDelivery(message: EmitMessage, args: readonly unknown[]): void {
    const { namespace, event, skipSids, hostId } = message;
    const rooms = message.rooms?.map(roomName) ?? null;
    this.observe({ namespace, event, args, rooms, skipSids, hostId, origin: "channel" });
  }
}
