import type { Adapter } from "socket.io-adapter";
import type { Bus, BusStatus } from "../bus/bus.js";
import { logStatus } from "../bus/log-status.js";
import { BridgeError } from "../errors.js";
import { callApplication, Listeners } from "../listeners.js";
import { RateLimitedLog } from "../log.js";
import type { NormalizedAdapter } from "../options.js";
import { decode } from "../protocol/decode.js";
import { encode, type OutgoingMessage } from "../protocol/encode.js";
import { newHostId } from "../protocol/host-id.js";
import type { AckTicket, CallbackMessage, EmitMessage, Rejected, RejectReason } from "../protocol/messages.js";
import { roomName } from "../protocol/messages.js";
import { OwedAcks, PendingAcks } from "./acks.js";
import { type Delivery, type DeliveryContext, deliver } from "./deliver.js";
import type { BridgeHandle, BridgeStats, ObservedEmit, Rejection } from "./observe.js";

const ADVICE: Partial<Record<RejectReason, string>> = {
  pickle:
    "The sender runs python-socketio older than 5.14, which sends pickles. Upgrade it to 5.14 or later " +
    "(5.15.1 or later is best); a pickle is never opened here, because opening one runs what its sender wrote.",
  too_large: "Send a reference instead of the data, or raise maxMessageSize here and the limits of the broker.",
  reserved_event: "Give the event another name: clients close their connection when they receive this one.",
  unknown_namespace: "Open it here with io.of(name), or leave its clients to the hosts that have it.",
};

/**
 * The one meeting point of bus, codec and Socket.IO: Python uses one channel for all namespaces, Socket.IO makes one
 * adapter per namespace.
 */
export class Host implements BridgeHandle {
  readonly hostId = newHostId();
  readonly options: NormalizedAdapter;
  readonly acks: PendingAcks;
  readonly #bus: Bus;
  readonly #adapters = new Map<string, Adapter>();
  readonly #owedAcks = new Map<string, OwedAcks>();
  readonly #log: RateLimitedLog;
  readonly #status = new Listeners<BusStatus>();
  readonly #rejections = new Listeners<Rejection>();
  readonly #emits = new Listeners<ObservedEmit>();
  readonly #counts = { received: 0, published: 0, echoes: 0, ignored: 0, dropped: 0, unknownAcks: 0 };
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(bus: Bus, options: NormalizedAdapter) {
    this.#bus = bus;
    this.options = options;
    this.acks = new PendingAcks(options.maxPendingAcks);
    this.#log = new RateLimitedLog((line) => options.logger.warn(line));
    bus.onStatus((status) => this.#onStatus(status));
  }

  /** The server to which this host belongs, as soon as it has one. */
  get server(): unknown {
    const [adapter] = this.#adapters.values();
    return adapter?.nsp.server;
  }

  attach(adapter: Adapter): void {
    const { name, sockets } = adapter.nsp;
    this.#adapters.set(name, adapter);
    this.#owedAcks.set(
      name,
      new OwedAcks(this.options.maxPendingAcks, (sid, packetId) => sockets.get(sid)?.acks.delete(packetId)),
    );
    // Whoever wants to know awaits ready(); the failure itself is in the status.
    this.ready().catch(() => {});
  }

  /** The last namespace takes the host with it: that is the server's close(). */
  async detach(adapter: Adapter): Promise<void> {
    this.#adapters.delete(adapter.nsp.name);
    this.#owedAcks.delete(adapter.nsp.name);
    if (this.#adapters.size === 0) {
      await this.close();
    }
  }

  async ready(): Promise<void> {
    if (this.#closed !== undefined) {
      throw new BridgeError("CLOSED", "the adapter is closed");
    }
    this.#started ??= Promise.all(
      this.options.channels.map((channel) =>
        this.#bus.subscribe(channel, (payload) => this.#onMessage(channel, payload)),
      ),
    ).then(() => undefined);
    return this.#started;
  }

  async close(): Promise<void> {
    this.#closed ??= this.#bus.close();
    this.acks.close();
    return this.#closed;
  }

  onStatus(listener: (status: BusStatus) => void): void {
    this.#status.add(listener);
  }

  onRejected(listener: (rejection: Rejection) => void): void {
    this.#rejections.add(listener);
  }

  onEmit(listener: (emit: ObservedEmit) => void): void {
    this.#emits.add(listener);
  }

  stats(): BridgeStats {
    return { ...this.#counts, rejected: { ...this.#rejected }, pendingAcks: this.acks.size };
  }

  get isWatched(): boolean {
    return this.#emits.size > 0;
  }

  observe(emit: ObservedEmit): void {
    this.#emits.notify(emit);
  }

  /** Says something once a minute that the caller of an operation should know. */
  warn(key: string, text: string): void {
    this.#log.line(key, () => `[socketio-python-bridge] ${text}`);
  }

  /**
   * Puts a message on the channel, in order. The bus reports what it drops, so nobody needs to wait for this.
   *
   * @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry
   */
  publish(message: OutgoingMessage): void {
    if (this.#closed !== undefined) {
      return;
    }
    this.#bus.publish(this.options.channels[0], encode(message)).then(
      () => {
        this.#counts.published += 1;
      },
      () => {},
    );
  }

  #onStatus(status: BusStatus): void {
    if (status.type === "dropped") {
      this.#counts.dropped += status.count;
    }
    logStatus(this.#log, status);
    this.#status.notify(status);
  }

  /** Foreign input: whatever comes, nothing is thrown into the bus, and the next message is heard. */
  #onMessage(channel: string, payload: Uint8Array): void {
    this.#counts.received += 1;
    const decoded = decode(payload, this.options.maxMessageSize);
    switch (decoded.kind) {
      case "ignored":
        this.#counts.ignored += 1;
        return;
      case "rejected":
        this.#reject(channel, decoded.rejected, decoded.hostId);
        return;
      case "message":
        this.#onDecoded(channel, decoded.message);
        return;
      default:
        decoded satisfies never;
    }
  }

  #onDecoded(channel: string, message: Delivery | CallbackMessage): void {
    if (message.method === "callback") {
      this.#onCallback(message);
    } else if (message.hostId === this.hostId) {
      this.#counts.echoes += 1;
    } else {
      const rejected = this.#deliver(message);
      if (rejected !== undefined) {
        this.#reject(channel, rejected, message.hostId);
      }
    }
  }

  #onCallback(message: CallbackMessage): void {
    if (message.hostId !== this.hostId) {
      return;
    }
    callApplication(() => {
      if (!this.acks.answer(message)) {
        this.#counts.unknownAcks += 1;
      }
    });
  }

  #deliver(message: Delivery): Rejected | undefined {
    const adapter = this.#adapters.get(message.namespace);
    const owedAcks = this.#owedAcks.get(message.namespace);
    if (adapter === undefined || owedAcks === undefined) {
      return { reason: "unknown_namespace", detail: `no namespace ${JSON.stringify(message.namespace)} on this host` };
    }
    const context: DeliveryContext = {
      owedAcks,
      answer: (ticket, hostId, args) => this.#answer(ticket, hostId, args),
      observe: this.isWatched ? (emit, args) => this.#observeDelivery(emit, args) : undefined,
    };
    try {
      return deliver(adapter, message, context);
    } catch (error) {
      return { reason: "undeliverable", detail: error instanceof Error ? error.message : String(error) };
    }
  }

  #observeDelivery(message: EmitMessage, args: readonly unknown[]): void {
    const { namespace, event, skipSids, hostId } = message;
    const rooms = message.rooms?.map(roomName) ?? null;
    this.observe({ namespace, event, args, rooms, skipSids, hostId, origin: "channel" });
  }

  /** A Python host cannot read bytes here, nor send them; its caller waits for its timeout then, as among Python hosts. */
  #answer(ticket: AckTicket, hostId: string | undefined, args: readonly unknown[]): void {
    try {
      this.publish({ method: "callback", ticket, args, hostId });
    } catch (error) {
      this.warn("answer", `a client's acknowledgement was not passed on: ${(error as Error).message}`);
    }
  }

  #reject(channel: string, { reason, detail }: Rejected, hostId: string | undefined): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
    const advice = ADVICE[reason];
    this.#log.line(`rejected ${reason}`, () => {
      const sender = hostId ?? "an unknown host";
      const line = `[socketio-python-bridge] refused a message on "${channel}" from ${sender}: ${reason}: ${detail}`;
      return advice === undefined ? line : `${line}. ${advice}`;
    });
    this.#rejections.notify({ reason, detail, channel, hostId, ...(advice === undefined ? {} : { advice }) });
  }
}
