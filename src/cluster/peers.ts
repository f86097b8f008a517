import type { PresenceMessage } from "../protocol/side-channel/messages.js";

/** Beats of this host that a peer may let pass without a word. */
const MISSED_BEATS = 3;

/** Far more than any fleet has: whoever can write to the channel could invent as many as they like. */
const MAX_PEERS = 10_000;

interface Peer {
  readonly isHost: boolean;
  /** How many beats of this host it may let pass. */
  readonly patience: number;
  /** How many it has. */
  missed: number;
}

/**
 * The other Node hosts of the fleet, by what they say.
 *
 * Time is told by the own beats that come back over the channel, not by a clock: a peer is gone when it said nothing
 * while three of them passed. So nobody is taken for dead because this process stood still, because a clock jumped or
 * because the broker was away.
 */
export class Peers {
  readonly #interval: number;
  readonly #onLeft: (hostId: string) => void;
  readonly #peers = new Map<string, Peer>();

  /**
   * @param interval - milliseconds between two own beats
   * @param onLeft - called when a host has said goodbye or is gone
   */
  constructor(interval: number, onLeft: (hostId: string) => void) {
    this.#interval = interval;
    this.#onLeft = onLeft;
  }

  /** The hosts that can be asked, this one not among them. */
  get hostIds(): readonly string[] {
    return [...this.#peers].filter(([, { isHost }]) => isHost).map(([hostId]) => hostId);
  }

  get size(): number {
    return this.#peers.size;
  }

  /** How many read the channel without being hosts: emitters that listen for acknowledgements. */
  get emitterCount(): number {
    return this.#peers.size - this.hostIds.length;
  }

  add({ from, isHost, interval }: PresenceMessage): void {
    if (this.#peers.size >= MAX_PEERS && !this.#peers.has(from)) {
      return;
    }
    const patience = Math.ceil((MISSED_BEATS * Math.max(interval, this.#interval)) / this.#interval);
    this.#peers.set(from, { isHost, patience, missed: 0 });
  }

  /** Whatever it says, it lives. */
  markSeen(hostId: string): void {
    const peer = this.#peers.get(hostId);
    if (peer !== undefined) {
      peer.missed = 0;
    }
  }

  remove(hostId: string): void {
    if (this.#peers.delete(hostId)) {
      this.#onLeft(hostId);
    }
  }

  /** An own beat came back. */
  ownHeartbeatReturned(): void {
    for (const [hostId, peer] of this.#peers) {
      peer.missed += 1;
      if (peer.missed > peer.patience) {
        this.remove(hostId);
      }
    }
  }
}
