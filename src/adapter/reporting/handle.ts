import type { BusStatus } from "../../bus/bus.js";
import type { RejectReason } from "../../protocol/model/rejection.js";

/** One emit as it is about to be delivered to the clients of this host. */
export interface ObservedEmit {
  readonly namespace: string;
  readonly event: string;
  readonly args: readonly unknown[];
  /** `null` is everyone in the namespace. */
  readonly rooms: readonly string[] | null;
  readonly skipSids: readonly string[];
  /** The host that emitted: 32 hex digits; `undefined` when the sender gave none. */
  readonly hostId: string | undefined;
  /** `"channel"`: another host emitted it. `"local"`: this one did. */
  readonly origin: "channel" | "local";
}

/** A message from the channel that was refused whole. */
export interface RejectedMessage {
  readonly reason: RejectReason;
  /** What was wrong, with the operand; one line, at most a few hundred characters. */
  readonly detail: string;
  readonly channel: string;
  /** The sender, as far as the message could be read. */
  readonly hostId: string | undefined;
  /** What an operator can do about it, where there is something. */
  readonly advice?: string;
}

/** Counters since the start, which only ever grow, and how things stand at this moment. */
export interface BridgeStats {
  readonly received: number;
  readonly published: number;
  /** Own messages that came back. */
  readonly echoes: number;
  /** Messages without a method this host knows: ignored, as in Python. */
  readonly ignored: number;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Messages lost in an outage: see `BusStatus` `dropped`. */
  readonly dropped: number;
  /** Acknowledgements that nobody here waits for: late, repeated, or for another host. */
  readonly unknownAcks: number;
  /** Acknowledged emits of this host that wait for answers at this moment. */
  readonly pendingAcks: number;
  /** Node hosts of the fleet that are known at this moment, this one included. */
  readonly nodeHosts: number;
  /** Whether Python hosts are expected to hold clients: see `pythonHosts` of the options. */
  readonly pythonHosts: boolean;
  /**
   * Milliseconds that an own message last took through the broker and back, on the slowest channel; null while one of
   * them is deaf or has not been heard yet.
   */
  readonly lag: number | null;
}

/** What `createAdapter` returns besides the adapter itself: how to watch it. */
export interface BridgeHandle {
  /** This host's name on the channel: 32 hex digits. */
  readonly hostId: string;
  /** Resolves when every message published from now on reaches this host. */
  ready(): Promise<void>;
  onStatus(listener: (status: BusStatus) => void): () => void;
  onRejected(listener: (rejection: RejectedMessage) => void): () => void;
  /** Called before the delivery of each emit, of this host's own as well; not for `io.local`. */
  onEmit(listener: (emit: ObservedEmit) => void): () => void;
  stats(): BridgeStats;
}
