import type { Bus } from "../bus/bus.js";
import { Cluster } from "../cluster/cluster.js";
import { publishWithAck } from "../cluster/publish-with-ack.js";
import { BridgeError, type BridgeErrorCode, IncompleteError } from "../errors.js";
import type { NormalizedReader } from "../options.js";
import { decode } from "../protocol/decode.js";
import type { AckTicket } from "../protocol/model/ask-client-apart.js";
import type { Message, WireRoom } from "../protocol/model/messages.js";
import type { Rejection } from "../protocol/model/rejection.js";
import { type LooksLikeSid, sidMatcher } from "../protocol/model/sid.js";
import { undeliverable } from "../protocol/model/undeliverable.js";
import { logRejection } from "../reporting/log-rejection.js";
import { describeThrown } from "../util/listeners.js";
import { pause } from "../util/pause.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";

/** An emit that waits for acknowledgements. */
export interface AckedEmit {
  readonly namespace: string;
  readonly rooms: readonly WireRoom[];
  /** Milliseconds. */
  readonly timeout: number;
  /** @throws BridgeError rejects as `Emitter.emit` */
  publish(ticket: AckTicket): Promise<void>;
}

/** As socket.io puts it. */
const TIMED_OUT = "operation has timed out";

/**
 * The subscriptions of an emitter that collects acknowledgements. It reads what hosts read without being one: it serves
 * no requests, and nobody waits for it.
 */
export class AckListener {
  readonly #bus: Bus;
  readonly #options: NormalizedReader;
  readonly #log: RateLimitedLog;
  readonly #looksLikeSid: LooksLikeSid;
  readonly #cluster: Cluster;
  #started: Promise<void> | undefined;
  #isClosed = false;

  constructor(bus: Bus, hostId: string, options: NormalizedReader, log: RateLimitedLog) {
    this.#bus = bus;
    this.#log = log;
    this.#options = options;
    this.#looksLikeSid = sidMatcher(options.dialect);
    this.#cluster = new Cluster({
      ...options,
      bus,
      hostId,
      isHost: false,
      onThrown: (error) => this.#logThrown(error),
    });
    bus.onStatus((status) => this.#cluster.onStatus(status));
  }

  /**
   * @throws BridgeError rejects with `BRIDGE_BUSY`, and with what the publishing rejects with; IncompleteError with
   *   `BRIDGE_TIMEOUT` or `BRIDGE_CLOSED`
   */
  async emitWithAck(emit: AckedEmit): Promise<unknown[]> {
    const { namespace, rooms } = emit;
    const deadline = performance.now() + emit.timeout;
    await this.#subscribed(emit.timeout);
    return new Promise((resolve, reject) => {
      const acks: unknown[] = [];
      const fail = (code: BridgeErrorCode, message: string) => reject(new IncompleteError(code, message, acks));
      const request = {
        namespace,
        room: rooms.length === 1 ? (rooms[0] ?? null) : null,
        sid: rooms.length === 1 && this.#looksLikeSid(rooms[0]) ? (rooms[0] as string) : undefined,
        timeout: deadline - performance.now(),
        onAck: (ack: unknown) => acks.push(ack),
        onDone: () => resolve(acks),
        onTimeout: () => fail("BRIDGE_TIMEOUT", TIMED_OUT),
        onClosed: () => fail("BRIDGE_CLOSED", "the emitter was closed"),
      };
      publishWithAck(this.#cluster, request, (ticket, collector) => {
        if (ticket === undefined) {
          throw new BridgeError("BRIDGE_BUSY", `${this.#cluster.acks.limit} acknowledgements are awaited already`);
        }
        emit.publish(ticket).catch((error) => {
          collector.cancel();
          reject(error);
        });
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cluster.close();
  }

  /**
   * Resolves when every acknowledgement from now on will be read, and the Node hosts are known.
   *
   * @throws BridgeError rejects with `BRIDGE_TIMEOUT`, `BRIDGE_CLOSED`, and with what `Bus.subscribe` rejects with
   */
  async #subscribed(timeout: number): Promise<void> {
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
      throw new IncompleteError("BRIDGE_TIMEOUT", TIMED_OUT, []);
    }
  }

  async #start(): Promise<void> {
    const { channels } = this.#options;
    await Promise.all([
      ...channels.map((channel) => this.#bus.subscribe(channel, (payload) => this.#onMessage(channel, payload))),
      ...this.#cluster.subscribe(),
    ]);
    await this.#cluster.start();
  }

  /** Untrusted input. Never throws, so one bad message cannot break the subscription. */
  #onMessage(channel: string, payload: Uint8Array): void {
    try {
      const decoded = decode(payload, this.#options.maxMessageSize, this.#options);
      if (decoded.kind === "message") {
        this.#onDecoded(decoded.message);
      } else if (decoded.kind === "rejected") {
        this.#logRejection(channel, decoded.rejection, decoded.hostId);
      }
    } catch (error) {
      this.#logRejection(channel, undeliverable(error), undefined);
    }
  }

  #onDecoded(message: Message): void {
    if (message.method === "callback") {
      this.#cluster.receiveCallback(message);
    } else {
      this.#cluster.markSender(message.hostId);
    }
  }

  #logThrown(error: unknown): void {
    const line = () => `[socketio-python-bridge] a callback for acknowledgements threw ${describeThrown(error)}`;
    this.#log.line("threw", line);
  }

  #logRejection(channel: string, rejection: Rejection, hostId: string | undefined): void {
    logRejection(this.#log, channel, rejection, hostId);
  }
}
