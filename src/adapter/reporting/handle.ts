import type { BusStatus } from "../../bus/bus.js";
import type { PeerGroup, PeerGroupListener } from "../../cluster/peer-groups.js";
import type { RejectReason } from "../../protocol/model/rejection.js";

export type { PeerGroup, PeerGroupListener };

/** One emit that is about to be delivered to the clients of this host. */
export interface ObservedEmit {
  readonly namespace: string;
  readonly event: string;
  readonly args: readonly unknown[];
  /** Room names, sids among them; `null` is everyone in the namespace. */
  readonly rooms: readonly string[] | null;
  readonly skipSids: readonly string[];
  /** The host that emitted: 32 hex digits. `undefined` where the sender gives none, as old releases of Python do not. */
  readonly hostId: string | undefined;
  /** `"channel"`: another host emitted it. `"local"`: this host did. */
  readonly origin: "channel" | "local";
}

/** A message of another host that was rejected as a whole: none of it took effect. */
export interface RejectedMessage {
  readonly reason: RejectReason;
  /** What was wrong, with the operand; one line, at most a few hundred characters. */
  readonly detail: string;
  /** The channel that it came on: that of the fleet, or the side channel of Node hosts. */
  readonly channel: string;
  /** The sender: 32 hex digits, `undefined` where the message does not name it. */
  readonly hostId: string | undefined;
  /** What an operator can do about it, where there is something. */
  readonly advice?: string;
}

/** Counters since the start, which only grow, and the state at this moment. */
export interface BridgeStats {
  /** Messages of the fleet's channel, own ones among them. */
  readonly received: number;
  /** Messages that the broker has taken. */
  readonly published: number;
  /** Own messages that came back. */
  readonly echoes: number;
  /** Messages without a method that this host knows: ignored, as in Python. */
  readonly ignored: number;
  /** Rejected messages, by reason. */
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Messages that were never published: see `BusStatus` `dropped`. */
  readonly dropped: number;
  /** Acknowledgements that nothing here waited for: late, repeated, or never requested. */
  readonly unknownAcks: number;
  /** Acknowledged emits of this host that wait for acknowledgements of other hosts at this moment. */
  readonly pendingAcks: number;
  /** Node hosts of the fleet that are known at this moment, this one included. */
  readonly nodeHosts: number;
  /** Whether Python hosts are expected to hold clients: see `pythonHosts` of the options. */
  readonly pythonHosts: boolean;
  /**
   * Milliseconds that an own message last took through the broker and back, on the slowest channel. `null` while one of
   * the channels is stale or has not received an own message yet.
   */
  readonly lag: number | null;
}

/**
 * What `createAdapter` returns besides the adapter itself: how to watch it. Listeners are called at once, in the order in
 * which they were added. What a listener throws is logged, at most once a minute, and affects neither the message nor the
 * other listeners.
 */
export interface BridgeHandle {
  /** This host's name on the channel: 32 hex digits. */
  readonly hostId: string;
  /**
   * Resolves when the channels are subscribed: every message that is published from then on reaches this host. While the
   * broker is away it waits.
   *
   * @throws BridgeError rejects with `BRIDGE_CLOSED` after `io.close()`, `BRIDGE_BROKER_UNAVAILABLE` where the broker
   *   refuses the channel
   */
  ready(): Promise<void>;
  /** Called when the state of the connection to the broker changes. @returns a function that unsubscribes */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /** Called for each message that is rejected, after it was counted. @returns a function that unsubscribes */
  onRejected(listener: (rejection: RejectedMessage) => void): () => void;
  /**
   * Called before each emit is delivered to the clients of this host: emits of other hosts, and own ones except those of
   * `io.local`. While there is a listener, messages are decoded, and `passthrough` is not used.
   *
   * @returns a function that unsubscribes
   */
  onEmit(listener: (emit: ObservedEmit) => void): () => void;
  /**
   * Called with the `mark` of a worker behind an edge, when all that the worker published before it was carried out here.
   *
   * @returns a function that unsubscribes
   */
  onMark(listener: (mark: string) => void): () => void;
  /**
   * Joins a group of Node hosts, such as the edges of one application: they hear of each other, and can send each other
   * bytes.
   *
   * @throws BridgeError `BRIDGE_INVALID_OPTION` for a group that this host has joined already
   */
  joinGroup(group: string, listener: PeerGroupListener): PeerGroup;
  /** A snapshot: counters since the start, and the state at this moment. */
  stats(): BridgeStats;
}
