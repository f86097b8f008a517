import type { Adapter } from "socket.io-adapter";
import type { Bus, BusStatus } from "../bus/bus.js";
import { logStatus } from "../bus/log-status.js";
import { BridgeError } from "../errors.js";
import { callApplication, Listeners } from "../listeners.js";
import { RateLimitedLog } from "../log.js";
import type { NormalizedAdapter } from "../options.js";
import { decode } from "../protocol/decode.js";
import { ENCODERS, type Encode } from "../protocol/encoders.js";
import { newHostId } from "../protocol/host-id.js";
import type { AckTicket, CallbackMessage, EmitMessage, Rejected, RejectReason } from "../protocol/messages.js";
import { quote, roomName } from "../protocol/messages.js";
import type { OutgoingMessage } from "../protocol/outgoing.js";
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
  /** @throws BridgeError `INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encode: Encode;
  readonly #bus: Bus;
  readonly #namespaces = new Map<string, { readonly adapter: Adapter; readonly owedAcks: OwedAcks }>();
  readonly #log: RateLimitedLog;
  readonly #status = new Listeners<BusStatus>();
  readonly #rejections = new Listeners<Rejection>();
  readonly #emits = new Listeners<ObservedEmit>();
  readonly #counts = { received: 0, published: 0, echoes: 0, ignored: 0, dropped: 0, unknownAcks: 0 };
  /** By channel; null while it is deaf. */
  readonly #lags = new Map<string, number | null>();
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  #server: unknown;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(bus: Bus, options: NormalizedAdapter) {
    this.#bus = bus;
    this.options = options;
    this.encode = ENCODERS[options.encoding];
    this.acks = new PendingAcks(options.maxPendingAcks);
    this.#log = new RateLimitedLog((line) => options.logger.warn(line));
    bus.onStatus((status) => this.#onStatus(status));
  }

  /** @throws BridgeError `INVALID_OPTION` for a second server, `CLOSED` after the first was closed */
  belongTo(server: unknown): void {
    if (this.#closed !== undefined) {
      throw new BridgeError("CLOSED", "this adapter was closed with its server: call createAdapter() again");
    }
    this.#server ??= server;
    if (this.#server !== server) {
      throw new BridgeError("INVALID_OPTION", "this adapter serves another server already: call createAdapter() again");
    }
  }

  attach(adapter: Adapter): void {
    const { name, sockets } = adapter.nsp;
    const forget = (sid: string, packetId: number) => sockets.get(sid)?.acks.delete(packetId);
    this.#namespaces.set(name, { adapter, owedAcks: new OwedAcks(this.options.maxPendingAcks, forget) });
    // Whoever wants to know awaits ready(); a failure of the broker is in the status as well.
    this.ready().catch(() => {});
  }

  /** The last namespace takes the host with it: that is the server's close(). */
  async detach(adapter: Adapter): Promise<void> {
    const { name } = adapter.nsp;
    // A dynamic namespace may have been opened anew before the old one is closed.
    if (this.#namespaces.get(name)?.adapter === adapter) {
      this.#namespaces.delete(name);
    }
    if (this.#namespaces.size === 0) {
      await this.close();
    }
  }

  /** A client has left: nobody will answer for it. */
  forgetClient(adapter: Adapter, sid: string): void {
    this.#namespaces.get(adapter.nsp.name)?.owedAcks.forgetClient(sid);
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
    return { ...this.#counts, rejected: { ...this.#rejected }, pendingAcks: this.acks.size, lag: this.#lag() };
  }

  #lag(): number | null {
    const lags = this.options.channels.map((channel) => this.#lags.get(channel) ?? null);
    return lags.reduce((worst, lag) => (worst === null || lag === null ? null : Math.max(worst, lag)));
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
    if (status.type === "healthy" || status.type === "deaf") {
      this.#lags.set(status.channel, status.type === "healthy" ? status.lag : null);
    }
    if (status.type === "ready") {
      const channels = this.options.channels.map((channel) => `"${channel}"`).join(", ");
      this.options.logger.info(`[socketio-python-bridge] connected; reading ${channels}`);
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
    const namespace = this.#namespaces.get(message.namespace);
    if (namespace === undefined) {
      return { reason: "unknown_namespace", detail: `no namespace ${quote(message.namespace)} on this host` };
    }
    const context: DeliveryContext = {
      owedAcks: namespace.owedAcks,
      answer: (ticket, hostId, args) => this.#answer(ticket, hostId, args),
      observe: this.isWatched ? (emit, args) => this.#observeDelivery(emit, args) : undefined,
    };
    let rejected: Rejected | undefined;
    if (message.method === "emit") {
      try {
        rejected = deliver(namespace.adapter, message, context);
      } catch (error) {
        rejected = { reason: "undeliverable", detail: quote(error instanceof Error ? error.message : String(error)) };
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

  /** JSON cannot say bytes here; the caller waits for its timeout then, as among Python hosts. */
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
