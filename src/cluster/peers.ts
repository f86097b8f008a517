import type { PresenceMessage } from "../protocol/side-channel/messages.js";
import { debugLog } from "../util/debug.js";

const debug = debugLog("cluster");

/** Own heartbeats that may return without a message from a peer. */
const MISSED_HEARTBEATS = 3;

/** Far more than any fleet has. Whoever can publish to the channel could invent as many as they like. */
const MAX_PEERS = 10_000;

interface Peer {
  readonly isHost: boolean;
  /** Own heartbeats that may return without a message from it: more, where its interval is longer than this process's. */
  readonly tolerated: number;
  missed: number;
}

/**
 * The other Node processes on the channel, by their messages.
 *
 * Time is measured in own heartbeats that return over the channel, not by a clock: a peer is gone when it sent nothing
 * while three of them returned. So no peer is given up because this process was blocked, a clock jumped or the broker
 * was away.
 */
export class Peers {
  readonly #interval: number;
  readonly #onLeft: (hostId: string) => void;
  readonly #peers = new Map<string, Peer>();

  /**
   * @param interval - milliseconds between two own heartbeats
   * @param onLeft - called when a peer said goodbye or is given up
   */
  constructor(interval: number, onLeft: (hostId: string) => void) {
    this.#interval = interval;
    this.#onLeft = onLeft;
  }

  /** The peers that serve clients, without this host. */
  get hostIds(): readonly string[] {
    return [...this.#peers].filter(([, { isHost }]) => isHost).map(([hostId]) => hostId);
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Peers that subscribe without serving clients: emitters that collect acknowledgements. */
  get emitterCount(): number {
    return this.#peers.size - this.hostIds.length;
  }

  add({ from, isHost, interval }: PresenceMessage): void {
    if (!this.#peers.has(from)) {
      if (this.#peers.size >= MAX_PEERS) {
        return;
      }
      debug("found %s %s", isHost ? "host" : "emitter", from);
    }
    const tolerated = Math.ceil((MISSED_HEARTBEATS * Math.max(interval, this.#interval)) / this.#interval);
    this.#peers.set(from, { isHost, tolerated, missed: 0 });
  }

  /** Any message proves that its sender is there. */
  markSeen(hostId: string): void {
    const peer = this.#peers.get(hostId);
    if (peer !== undefined) {
      peer.missed = 0;
    }
  }

  remove(hostId: string): void {
    if (this.#peers.delete(hostId)) {
      debug("lost %s, %d peers left", hostId, this.#peers.size);
      this.#onLeft(hostId);
    }
  }

  ownHeartbeatReturned(): void {
    for (const [hostId, peer] of this.#peers) {
      peer.missed += 1;
      if (peer.missed > peer.tolerated) {
        this.remove(hostId);
      }
    }
  }
}
