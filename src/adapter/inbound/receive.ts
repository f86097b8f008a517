import type { Adapter } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import type { PendingAcks } from "../../cluster/pending-acks.js";
import type { NormalizedAdapter } from "../../options.js";
import { decode } from "../../protocol/decode.js";
import { scanEmit } from "../../protocol/json/scan-emit.js";
import { type CallbackMessage, type EmitMessage, type Message, roomName } from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { sideChannelOf } from "../../protocol/side-channel/channel-name.js";
import { asBuffer } from "../../util/bytes.js";
import { callApplication } from "../../util/listeners.js";
import { quote } from "../../util/quote.js";
import type { CheckpointTracker } from "../recovery/checkpoints.js";
import type { History } from "../recovery/history.js";
import type { Recovery } from "../recovery/recovery.js";
import type { Reporter } from "../reporting/reporter.js";
import { type AckReplies, ackRepliesFor } from "./ack-replies.js";
import { type Delivery, type DeliveryContext, deliver } from "./deliver.js";
import type { OwedAcks } from "./owed-acks.js";
import { passThrough } from "./passthrough.js";

/** A namespace of the server, as the host knows it. */
export interface OpenNamespace {
  readonly adapter: Adapter;
  readonly owedAcks: OwedAcks;
  readonly recovery: Recovery | undefined;
}

/** What incoming messages need of the host around them. */
export interface IncomingContext {
  readonly hostId: string;
  readonly options: NormalizedAdapter;
  readonly namespaces: ReadonlyMap<string, OpenNamespace>;
  readonly journal: Reporter;
  readonly acks: PendingAcks;
  readonly cluster: Cluster;
  readonly marks: CheckpointTracker;
  /** Undefined where no client can come back. */
  history(): History | undefined;
  publish(message: CallbackMessage): void;
}

/** Thrown by an outgoing listener of the application, or by its parser. */
const undeliverable = (error: unknown): Rejection => ({
  reason: "undeliverable",
  detail: quote(error instanceof Error ? error.message : String(error)),
});

/** The way in: from the bytes of a message to the clients of this host. */
export class Incoming {
  readonly #host: IncomingContext;

  constructor(host: IncomingContext) {
    this.#host = host;
  }

  get #isWatched(): boolean {
    return this.#host.journal.emits.size > 0;
  }

  /** Foreign input: whatever comes, nothing is thrown into the bus, and the next message is heard. */
  onMessage(channel: string, payload: Uint8Array): void {
    this.#host.journal.count("received");
    if (this.#relay(channel, payload)) {
      return;
    }
    const decoded = decode(payload, this.#host.options.maxMessageSize, this.#host.options);
    this.#host
      .history()
      ?.recordMessage(payload, decoded.kind === "message" && decoded.message.method === "node_checkpoint");
    switch (decoded.kind) {
      case "ignored":
        this.#host.journal.count("ignored");
        return;
      case "rejected":
        this.#host.journal.reject(channel, decoded.rejection, decoded.hostId);
        return;
      case "message":
        this.#onDecoded(channel, decoded.message, payload);
        return;
      default:
        decoded satisfies never;
    }
  }

  /**
   * The shortest way, which decodes nothing, for what may take it; see `passthrough`.
   *
   * @returns whether nothing else is to be done with it
   */
  #relay(channel: string, payload: Uint8Array): boolean {
    const { options } = this.#host;
    if (
      !options.passthrough ||
      this.#host.history() !== undefined ||
      this.#isWatched ||
      payload.length > options.maxMessageSize
    ) {
      return false;
    }
    const message = asBuffer(payload);
    const emit = scanEmit(message, options.dialect);
    if (emit === undefined || emit.envelope.callback !== null) {
      return false;
    }
    const { hostId, namespace } = emit.envelope;
    if (hostId === this.#host.hostId) {
      this.#host.journal.count("echoes");
      return true;
    }
    const open = this.#host.namespaces.get(namespace);
    if (open === undefined) {
      return false;
    }
    let isDone = true;
    try {
      isDone = passThrough(open.adapter, emit, message);
    } catch (error) {
      this.#host.journal.reject(channel, undeliverable(error), hostId);
    }
    if (isDone) {
      this.#host.cluster.pythonHosts.markSender(hostId);
    }
    return isDone;
  }

  #onDecoded(channel: string, message: Message, payload: Uint8Array): void {
    if (message.method === "callback") {
      this.#onCallback(message);
      return;
    }
    if (message.method === "node_checkpoint") {
      this.#host.marks.record(message.hostId ?? "", message.number);
      return;
    }
    if (message.hostId === this.#host.hostId) {
      this.#onEcho(message);
      return;
    }
    this.#host.cluster.pythonHosts.markSender(message.hostId);
    const answers = message.method === "emit" ? this.#answersTo(message, channel) : undefined;
    const rejected = this.#deliver(message, answers, payload);
    // Whoever counts waits for the word of each host, of one that has nobody too.
    answers?.sendCount(0);
    if (rejected !== undefined) {
      this.#host.journal.reject(channel, rejected, message.hostId);
    }
  }

  #onEcho(message: Delivery): void {
    this.#host.journal.count("echoes");
    if (message.method === "emit" && message.node?.sequence !== undefined) {
      this.#host.history()?.ownEmitReturned(message.node.sequence);
    }
  }

  /** Node hosts answer each other beside this channel, so a Python host wrote this, or had asked for it. */
  #onCallback(message: CallbackMessage): void {
    this.#host.cluster.pythonHosts.markSeen();
    if (message.hostId === this.#host.hostId) {
      this.settleAck(() => this.#host.acks.addPythonAck(message));
    }
  }

  /** What the application does with an answer is its own affair. */
  settleAck(settle: () => boolean): void {
    callApplication(() => {
      if (!settle()) {
        this.#host.journal.count("unknownAcks");
      }
    });
  }

  #answersTo(message: EmitMessage, channel: string): AckReplies | undefined {
    return ackRepliesFor(message, {
      from: this.#host.hostId,
      publish: (answer) => this.#host.publish(answer),
      publishNode: (answer) => this.#host.cluster.publish(answer, sideChannelOf(channel)),
      warn: (text) => this.#host.journal.warn("answer", text),
    });
  }

  #deliver(message: Delivery, answers: AckReplies | undefined, payload: Uint8Array): Rejection | undefined {
    const namespace = this.#host.namespaces.get(message.namespace);
    if (namespace === undefined) {
      return { reason: "unknown_namespace", detail: `no namespace ${quote(message.namespace)} on this host` };
    }
    const { recovery } = namespace;
    const context: DeliveryContext = {
      owedAcks: namespace.owedAcks,
      ackReplies: answers,
      remember: recovery && ((emit, audience) => recovery.remember(emit, audience, payload)),
      observe: this.#isWatched ? (emit, args) => this.#observeDelivery(emit, args) : undefined,
    };
    let rejected: Rejection | undefined;
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
    this.#host.journal.emits.notify({ namespace, event, args, rooms, skipSids, hostId, origin: "channel" });
  }
}
