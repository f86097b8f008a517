import type { Bus, BusStatus } from "../bus/bus.js";
import type { BridgeError } from "../errors.js";
import type { NormalizedReader } from "../options.js";
import type { Rejection } from "../protocol/model/rejection.js";
import { sideChannelOf } from "../protocol/side-channel/channel-name.js";
import { decodeSideChannel } from "../protocol/side-channel/decode.js";
import { encodeSideChannel } from "../protocol/side-channel/encode.js";
import type {
  AckCountMessage,
  AckMessage,
  ExportedSessionsMessage,
  PresenceMessage,
  RequestMessage,
  SideChannelMessage,
} from "../protocol/side-channel/messages.js";
import { pause } from "../util/pause.js";
import { PeerRequests } from "./peer-requests.js";
import { Peers } from "./peers.js";
import { Presence } from "./presence.js";
import { PythonHosts } from "./python-hosts.js";

/** A request as its maker knows it. */
export type PeerRequest = RequestMessage extends infer Message
  ? Message extends RequestMessage
    ? Omit<Message, "from" | "id">
    : never
  : never;

export interface ClusterHandlers {
  /** @param channel - where to say the answer */
  onRequest(message: RequestMessage, channel: string): void;
  /** Another host closes. */
  onSessions(message: ExportedSessionsMessage): void;
  onAckCount(message: AckCountMessage): void;
  onPeerAck(message: AckMessage): void;
  /** A host has said goodbye, or is gone. */
  onPeerLeft(hostId: string): void;
  onRejected(channel: string, rejected: Rejection, hostId: string | undefined): void;
  /** Comes once in an interval. */
  onHeartbeat(): void;
}

export interface ClusterOptions {
  readonly bus: Bus;
  readonly hostId: string;
  /** `false`: an emitter that listens for acknowledgements. */
  readonly isHost: boolean;
  readonly options: NormalizedReader;
  readonly handlers: ClusterHandlers;
}

/**
 * What Node hosts say among themselves, on a channel beside each of the fleet's: who is there, what they ask each other,
 * and the answers of clients that are counted. Emits and commands on rooms are not here but on the fleet's channel, since
 * they keep an order.
 *
 * Not `ClusterAdapterWithHeartbeat` of socket.io-adapter, which is made once per namespace: a fleet with thousands of
 * namespaces would have as many heartbeats and intervals. It also tells time by a clock that jumps, lets own clients wait
 * until the broker has taken an emit, and leaves timers behind when it is closed.
 */
export class Cluster {
  readonly peers: Peers;
  readonly pythonHosts: PythonHosts;
  readonly requests: PeerRequests;
  readonly #options: ClusterOptions;
  readonly #channels: readonly [string, ...string[]];
  readonly #presence: Presence;
  #isClosed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const [first, ...others] = options.options.channels;
    this.#channels = [sideChannelOf(first), ...others.map(sideChannelOf)];
    this.peers = new Peers(options.options.heartbeatInterval, (hostId) => {
      this.requests.peerLeft(hostId);
      options.handlers.onPeerLeft(hostId);
    });
    this.pythonHosts = new PythonHosts(options.options.pythonHosts, () => 1 + this.peers.size);
    this.requests = new PeerRequests(options.options.maxPendingAcks);
    this.#presence = new Presence({
      interval: options.options.heartbeatInterval,
      announce: (type) => this.#say(type),
      onInterval: () => options.handlers.onHeartbeat(),
      onOwnHeartbeat: () => this.peers.ownHeartbeatReturned(),
    });
  }

  /** Resolves when the hosts that were there before have had the time to say so, or with `close()`. */
  get peersDiscovered(): Promise<void> {
    return this.#presence.peersDiscovered;
  }

  subscribe(): readonly Promise<void>[] {
    return this.#channels.map((channel) =>
      this.#options.bus.subscribe(channel, (payload) => this.#onMessage(channel, payload)),
    );
  }

  /**
   * To be called when all channels are read, the fleet's as well: whoever answers counts on this host from then on.
   * Resolves when the broker has taken the greeting, or will not. Never rejects.
   */
  start(): Promise<void> {
    return this.#presence.start();
  }

  /** What the bus says of its connection. */
  onStatus(status: BusStatus): void {
    this.#presence.onStatus(status);
  }

  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; rejects as `Bus.publish` */
  publish(message: SideChannelMessage, channel: string = this.#channels[0]): Promise<void> {
    return this.#options.bus.publish(channel, encodeSideChannel(message));
  }

  /**
   * Asks all other Node hosts.
   *
   * @param timeout - milliseconds
   * @returns what they answered
   * @throws BridgeError rejects with `BRIDGE_BUSY`, `BRIDGE_INVALID_ARGUMENT` and what `Bus.publish` rejects with, IncompleteError with
   *   `BRIDGE_TIMEOUT` or `BRIDGE_CLOSED`
   */
  request(question: PeerRequest, timeout: number): Promise<readonly unknown[]> {
    return this.requests.open(timeout, (id) => {
      void this.peersDiscovered.then(() => this.#ask({ ...question, from: this.#options.hostId, id }));
    });
  }

  close(): void {
    this.#isClosed = true;
    this.requests.close();
    if (this.#presence.close()) {
      // The bus gives it a last chance; whoever does not hear it finds out by the silence.
      for (const channel of this.#channels) {
        this.publish({ type: "bye", from: this.#options.hostId }, channel).catch(() => {});
      }
    }
  }

  #ask(message: RequestMessage): void {
    const { hostIds: hosts } = this.peers;
    if (!this.requests.isOpen(message.id)) {
      return;
    }
    if (hosts.length > 0) {
      new Promise<void>((resolve) => resolve(this.publish(message))).catch((error: BridgeError) =>
        this.requests.fail(message.id, error),
      );
    }
    this.requests.expect(message.id, hosts);
  }

  #say(type: PresenceMessage["type"]): Promise<unknown> {
    const { hostId: from, isHost, options } = this.#options;
    const message = {
      type,
      from,
      isHost,
      interval: options.heartbeatInterval,
      pythonSeenAgo: this.pythonHosts.lastSeenAgo,
    };
    return Promise.allSettled(this.#channels.map((channel) => this.publish(message, channel)));
  }

  /** Foreign input: whatever comes, nothing is thrown into the bus, and the next message is heard. */
  #onMessage(channel: string, payload: Uint8Array): void {
    const decoded = decodeSideChannel(payload, this.#options.options.maxMessageSize);
    if (decoded.kind === "rejected") {
      this.#options.handlers.onRejected(channel, decoded.rejection, decoded.hostId);
    } else if (decoded.kind === "message" && !this.#isClosed) {
      this.#onDecoded(channel, decoded.message);
    }
  }

  #onDecoded(channel: string, message: SideChannelMessage): void {
    const isOwn = message.from === this.#options.hostId;
    const isFirst = channel === this.#channels[0];
    if (isOwn) {
      if (isFirst && (message.type === "hello" || message.type === "heartbeat")) {
        this.#presence.ownHeartbeatReturned();
        void this.#countReaders();
      }
      return;
    }
    // Who is heard on another channel than the first reads this host, and is not read by it.
    if (isFirst) {
      this.peers.markSeen(message.from);
    }
    switch (message.type) {
      case "hello":
      case "heartbeat":
        this.#onPresence(message, isFirst);
        break;
      case "bye":
        if (isFirst) {
          this.peers.remove(message.from);
        }
        break;
      case "fetch_sockets":
      case "all_rooms":
      case "server_side_emit":
      case "transfer_session":
        if (this.#options.isHost) {
          this.#options.handlers.onRequest(message, channel);
        }
        break;
      case "exported_sessions":
        this.#options.handlers.onSessions(message);
        break;
      default:
        if (message.to === this.#options.hostId) {
          this.#onAnswer(message);
        }
    }
  }

  #onAnswer(message: Extract<SideChannelMessage, { readonly to: string }>): void {
    switch (message.type) {
      case "reply":
        this.requests.addReply(message);
        break;
      case "ack_count":
        this.#options.handlers.onAckCount(message);
        break;
      case "ack":
        this.#options.handlers.onPeerAck(message);
        break;
      default:
        message satisfies never;
    }
  }

  #onPresence(message: PresenceMessage, isFirst: boolean): void {
    if (isFirst) {
      this.peers.add(message);
    }
    if (message.pythonSeenAgo !== null) {
      this.pythonHosts.markSeen(message.pythonSeenAgo);
    }
    if (message.type === "hello") {
      this.#presence.heartbeat();
    }
  }

  /** @param patience - milliseconds to wait for hosts that were there before this one, if it has just begun */
  async serverCount(patience: number): Promise<number> {
    const over = new AbortController();
    await Promise.race([this.peersDiscovered, pause(patience, over.signal)]);
    over.abort();
    return 1 + this.peers.hostIds.length;
  }

  async #countReaders(): Promise<void> {
    if (this.pythonHosts.mode !== "auto") {
      return;
    }
    const [fleet] = this.#options.options.channels;
    this.pythonHosts.setSubscribers(await this.#options.bus.countSubscribers?.(fleet));
  }
}
