import type { Bus } from "../bus/bus.js";
import { AckCollector } from "../cluster/ack-collector.js";
import { Cluster } from "../cluster/cluster.js";
import { PendingAcks } from "../cluster/pending-acks.js";
import { BridgeError, IncompleteError } from "../errors.js";
import type { NormalizedReader } from "../options.js";
import { decode } from "../protocol/decode.js";
import type { Decoded } from "../protocol/model/decoded.js";
import type { CallbackRef, Message, WireRoom } from "../protocol/model/messages.js";
import { type LooksLikeSid, sidMatcher } from "../protocol/model/sid.js";
import { logRejection } from "../reporting/log-rejection.js";
import { pause } from "../util/pause.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";

/** An emit that is to be answered. */
export interface AckedEmit {
  readonly namespace: string;
  readonly rooms: readonly WireRoom[];
  /** Milliseconds. */
  readonly timeout: number;
  /** @throws BridgeError rejects as `Emitter.emit` */
  publish(ticket: CallbackRef): Promise<void>;
}

const LATE = "operation has timed out";

/**
 * The ear of an emitter that asks for acknowledgements. It reads what hosts read, and is no host: it answers nothing and
 * nobody waits for it.
 */
export class AckListener {
  readonly #bus: Bus;
  readonly #options: NormalizedReader;
  readonly #hostId: string;
  readonly #log: RateLimitedLog;
  readonly #looksLikeSid: LooksLikeSid;
  readonly #acks: PendingAcks;
  readonly #cluster: Cluster;
  /** Ends what is asked for at this moment. */
  readonly #cancellations = new Set<() => void>();
  #started: Promise<void> | undefined;
  #isClosed = false;

  constructor(bus: Bus, hostId: string, options: NormalizedReader, log: RateLimitedLog) {
    this.#bus = bus;
    this.#log = log;
    this.#hostId = hostId;
    this.#options = options;
    this.#looksLikeSid = sidMatcher(options.dialect);
    const acks = new PendingAcks(options.maxPendingAcks);
    this.#acks = acks;
    const nothing = () => {};
    this.#cluster = new Cluster({
      bus,
      hostId,
      isHost: false,
      options,
      handlers: {
        onRequest: nothing,
        onSessions: nothing,
        onAckCount: (message) => acks.expectFromPeer(message),
        onPeerAck: (message) => acks.addPeerAck(message),
        onPeerLeft: (host) => acks.peerLeft(host),
        onRejected: nothing,
        onHeartbeat: nothing,
      },
    });
    bus.onStatus((status) => this.#cluster.onStatus(status));
  }

  /**
   * @throws BridgeError rejects with `BRIDGE_BUSY`, and with what the publishing rejects with; IncompleteError with `BRIDGE_TIMEOUT` or
   *   `BRIDGE_CLOSED`
   */
  async emitWithAck(emit: AckedEmit): Promise<unknown[]> {
    const deadline = performance.now() + emit.timeout;
    await this.#listening(emit.timeout);
    return new Promise((resolve, reject) => {
      const responses: unknown[] = [];
      const fail = (error: Error) => {
        ask.cancel();
        this.#cancellations.delete(cancel);
        reject(error);
      };
      const cancel = () => fail(new IncompleteError("BRIDGE_CLOSED", "the emitter was closed", responses));
      const ask: AckCollector = new AckCollector({
        peers: this.#cluster.peers.hostIds,
        isSingleClient: emit.rooms.length === 1 && this.#looksLikeSid(emit.rooms[0]),
        pythonHosts: this.#cluster.pythonHosts,
        onAck: (answer) => responses.push(answer),
        onDone: () => {
          this.#cancellations.delete(cancel);
          resolve(responses);
        },
        onTimeout: () => fail(new IncompleteError("BRIDGE_TIMEOUT", LATE, responses)),
      });
      this.#cancellations.add(cancel);
      void this.#begin(ask, emit, deadline).catch(fail);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#acks.close();
    this.#cluster.close();
    for (const cancel of [...this.#cancellations]) {
      cancel();
    }
  }

  async #begin(ask: AckCollector, emit: AckedEmit, deadline: number): Promise<void> {
    const ticket = this.#acks.add({
      room: emit.rooms.length === 1 ? (emit.rooms[0] ?? null) : null,
      namespace: emit.namespace,
      timeout: Math.max(1, deadline - performance.now()),
      collector: ask,
    });
    if (ticket === undefined) {
      throw new BridgeError("BRIDGE_BUSY", `${this.#options.maxPendingAcks} acknowledgements are awaited already`);
    }
    const published = emit.publish(ticket);
    const listeners = await this.#bus.countSubscribers?.(this.#options.channels[0]);
    ask.start(listeners, 1 + this.#cluster.peers.emitterCount);
    await published;
  }

  /** @throws BridgeError rejects with `BRIDGE_TIMEOUT`, `BRIDGE_CLOSED`, and with what `Bus.subscribe` rejects with */
  async #listening(timeout: number): Promise<void> {
    if (this.#isClosed) {
      throw new BridgeError("BRIDGE_CLOSED", "the emitter is closed");
    }
    this.#started ??= this.#start();
    const over = new AbortController();
    const isReady = await Promise.race([
      this.#started.then(() => this.#cluster.peersDiscovered).then(() => true),
      pause(timeout, over.signal).then(() => false),
    ]).finally(() => over.abort());
    if (this.#isClosed) {
      throw new IncompleteError("BRIDGE_CLOSED", "the emitter was closed", []);
    }
    if (!isReady) {
      throw new IncompleteError("BRIDGE_TIMEOUT", LATE, []);
    }
  }

  async #start(): Promise<void> {
    const { channels, maxMessageSize } = this.#options;
    await Promise.all([
      ...channels.map((channel) =>
        this.#bus.subscribe(channel, (payload) =>
          this.#onMessage(channel, decode(payload, maxMessageSize, this.#options)),
        ),
      ),
      ...this.#cluster.subscribe(),
    ]);
    await this.#cluster.start();
  }

  #onMessage(channel: string, decoded: Decoded<Message>): void {
    if (decoded.kind === "rejected") {
      logRejection(this.#log, channel, decoded.rejection, decoded.hostId);
    }
    if (decoded.kind !== "message") {
      return;
    }
    const { message } = decoded;
    if (message.method !== "callback") {
      this.#cluster.pythonHosts.markSender(message.hostId);
      return;
    }
    this.#cluster.pythonHosts.markSeen();
    if (message.hostId === this.#hostId) {
      this.#acks.addPythonAck(message);
    }
  }
}
