import type { Bus, BusStatus } from "../bus/bus.js";
import type { BridgeError } from "../errors.js";
import { type Dialect, hasClientCommands } from "../protocol/model/dialect.js";
import type { CallbackMessage } from "../protocol/model/messages.js";
import type { RequestMessage } from "../protocol/side-channel/messages.js";
import { atMost } from "../util/at-most.js";
import { debugLog } from "../util/debug.js";
import { KnownClients } from "./known-clients.js";
import { PeerGroups } from "./peer-groups.js";
import { type PeerMessageHandlers, PeerMessageReceiver } from "./peer-message-receiver.js";
import { type PeerRequest, PeerRequests } from "./peer-requests.js";
import { Peers } from "./peers.js";
import { PendingAcks } from "./pending-acks.js";
import { Presence } from "./presence.js";
import { PythonHosts, type PythonHostsMode } from "./python-hosts.js";
import { SendWindow } from "./send-window.js";
import { SideChannel } from "./side-channel.js";

const debug = debugLog("cluster");

export interface ClusterOptions {
  readonly bus: Bus;
  readonly hostId: string;
  /** `false`: an emitter that collects acknowledgements, and serves no clients. */
  readonly isHost: boolean;
  /** Of the fleet; the first is the one that is published to. */
  readonly channels: readonly [string, ...string[]];
  /** Milliseconds. */
  readonly heartbeatInterval: number;
  /** Bytes. */
  readonly maxMessageSize: number;
  /** Most emits that wait for acknowledgements, and most requests that wait for replies. */
  readonly maxPendingAcks: number;
  readonly pythonHosts: PythonHostsMode;
  readonly dialect: Dialect;
  /** Gets what callbacks of the application throw that are called with acknowledgements. */
  onThrown(error: unknown): void;
}

/**
 * The Node hosts of a fleet as one of them sees them: who is there, what they request of each other, and the acknowledged
 * emits that wait for their clients.
 *
 * Not `ClusterAdapterWithHeartbeat` of socket.io-adapter, which is made once per namespace: a fleet with thousands of
 * namespaces would have as many heartbeats and intervals. It also measures time with a clock that jumps, delays own
 * clients until the broker has taken an emit, and leaves timers behind when it is closed.
 */
export class Cluster {
  readonly hostId: string;
  readonly peers: Peers;
  readonly pythonHosts: PythonHosts;
  /** Emits of this process that wait for clients of other hosts. */
  readonly acks: PendingAcks;
  readonly groups: PeerGroups;
  readonly knownClients = new KnownClients();
  /** Whether Python hosts tell a client from a room whose name looks like its sid: see `askClientApart`. */
  readonly canAskApart: boolean;
  readonly onThrown: (error: unknown) => void;
  readonly sideChannel: SideChannel;
  /** For what this host sends in parts. */
  readonly window = new SendWindow();
  readonly #options: ClusterOptions;
  readonly #requests: PeerRequests;
  readonly #presence: Presence;
  #isClosed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.hostId = options.hostId;
    this.onThrown = options.onThrown;
    this.sideChannel = new SideChannel(options);
    this.acks = new PendingAcks(options.maxPendingAcks);
    this.canAskApart = hasClientCommands(options.dialect);
    this.#requests = new PeerRequests(options.maxPendingAcks);
    this.groups = new PeerGroups(this.hostId, this.sideChannel, () => this.#presence.changed());
    this.peers = new Peers(options.heartbeatInterval, (hostId, joined, departure) => {
      this.groups.left(hostId, departure !== "silent");
      this.#requests.peerLeft(hostId, joined);
      this.acks.peerLeft(hostId, joined);
    });
    this.pythonHosts = new PythonHosts(
      options.pythonHosts,
      () => 1 + this.peers.size,
      () => this.countSubscribers(),
    );
    this.#presence = new Presence(options.heartbeatInterval, (type) => this.#announce(type));
  }

  /** Resolves when the hosts that were there before this one have had the time to reply, or with `close()`. */
  get peersDiscovered(): Promise<void> {
    return this.#presence.peersDiscovered;
  }

  /** @param handlers - what peers can request; without them this process only listens */
  subscribe(handlers?: PeerMessageHandlers): readonly Promise<void>[] {
    const receiver = new PeerMessageReceiver({
      hostId: this.hostId,
      maxMessageSize: this.#options.maxMessageSize,
      sideChannel: this.sideChannel,
      window: this.window,
      presence: this.#presence,
      peers: this.peers,
      groups: this.groups,
      pythonHosts: this.pythonHosts,
      requests: this.#requests,
      acks: this.acks,
      handlers,
    });
    return this.sideChannel.subscribe((channel, payload) => {
      if (!this.#isClosed) {
        receiver.onMessage(channel, payload);
      }
    });
  }

  /**
   * Call when all channels are subscribed, the fleet's as well: peers count on this process from then on. Resolves when
   * the broker has taken the `hello`, or dropped it. Never rejects.
   *
   * @param onInterval - called once per heartbeat interval
   */
  start(onInterval: () => void = () => {}): Promise<void> {
    debug("%s joins as %s", this.hostId, this.#options.isHost ? "host" : "emitter");
    return this.#presence.start(onInterval);
  }

  onStatus(status: BusStatus): void {
    this.#presence.onStatus(status);
  }

  /**
   * Sends a request to all other Node hosts, once they are discovered.
   *
   * @param timeout - milliseconds
   * @returns the items of all replies
   * @throws BridgeError rejects with `BRIDGE_BUSY`, `BRIDGE_INVALID_ARGUMENT` and what `Bus.publish` rejects with,
   *   IncompleteError with `BRIDGE_TIMEOUT`, `BRIDGE_CLOSED`, or `BRIDGE_INVALID_ARGUMENT` where a host cannot reply
   */
  request(request: PeerRequest, timeout: number): Promise<readonly unknown[]> {
    return this.#requests.open(timeout, (id) => {
      void this.peersDiscovered.then(() => this.#publishRequest({ ...request, from: this.hostId, id }));
    });
  }

  /**
   * The sender of a message on the fleet's channel, undefined where it gives none, as old releases of Python do not. The
   * heartbeats of a Node process may wait behind what else it sends.
   */
  markSender(hostId: string | undefined): void {
    this.pythonHosts.markSender(hostId);
    if (hostId !== undefined) {
      this.peers.markSeen(hostId);
    }
  }

  /**
   * An acknowledgement on the fleet's channel. Node hosts acknowledge on the side channel, so a Python host published
   * this, or had asked for it.
   */
  receiveCallback(message: CallbackMessage): void {
    this.pythonHosts.markSeen();
    if (message.hostId === this.hostId) {
      this.acks.addPythonAck(message);
    }
  }

  /** How many processes read the fleet's channel at this moment, undefined where the broker does not report it. Never rejects. */
  async countSubscribers(): Promise<number | undefined> {
    const { bus, channels } = this.#options;
    return bus.countSubscribers?.(channels[0]);
  }

  /** @param timeout - most milliseconds to wait for hosts that were there before this one, if it has just started */
  async serverCount(timeout: number): Promise<number> {
    await atMost(timeout, this.peersDiscovered);
    return 1 + this.peers.hostCount;
  }

  close(): void {
    this.#isClosed = true;
    this.acks.close();
    this.#requests.close();
    this.groups.close();
    if (this.#presence.close()) {
      // The bus publishes it if it still can. Peers that do not get it notice the missing heartbeats.
      for (const channel of this.sideChannel.names) {
        this.sideChannel.publish({ type: "bye", from: this.hostId }, channel).catch(() => {});
      }
    }
  }

  #publishRequest(message: RequestMessage): void {
    const { roll } = this.peers;
    if (!this.#requests.isOpen(message.id)) {
      return;
    }
    try {
      if (roll.count > 0) {
        debug("request %d: %s in %s", message.id, message.type, message.namespace);
        this.sideChannel.publish(message).catch((error: BridgeError) => this.#requests.fail(message.id, error));
      } else {
        // What has no form fails before there is another host, not only from then on.
        this.sideChannel.encode(message);
      }
    } catch (error) {
      this.#requests.fail(message.id, error as BridgeError);
    }
    this.#requests.expect(message.id, roll);
  }

  #announce(type: "hello" | "heartbeat"): Promise<unknown> {
    const { isHost, heartbeatInterval } = this.#options;
    const { lastSeenAgo } = this.pythonHosts;
    const { names } = this.groups;
    const groups = names.length > 0 ? { groups: names } : {};
    const message = {
      type,
      from: this.hostId,
      isHost,
      interval: heartbeatInterval,
      pythonSeenAgo: lastSeenAgo,
      ...groups,
    };
    return Promise.allSettled(this.sideChannel.names.map((channel) => this.sideChannel.publish(message, channel)));
  }
}
