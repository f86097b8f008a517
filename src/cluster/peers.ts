import type { PresenceMessage } from "../protocol/side-channel/messages.js";
import { debugLog } from "../util/debug.js";

const debug = debugLog("cluster");

/** Own heartbeats that may return without a message from a peer. */
const MISSED_HEARTBEATS = 3;

/** Far more than any fleet has. Whoever can publish to the channel could invent as many as they like. */
const MAX_PEERS = 10_000;

/** The longest interval of a peer that is accepted, in milliseconds: an invented one could make others wait for days. */
const MAX_INTERVAL_MS = 10 * 60 * 1_000;

interface Peer {
  readonly isHost: boolean;
  /** Counts the peers that joined. */
  readonly joined: number;
  /** Own heartbeats that may return without a message from it: more, where its interval is longer than this process's. */
  tolerated: number;
  missed: number;
}

/** Why a host is no longer known: it said goodbye, is given up, or makes room. */
export type Departure = "goodbye" | "silent" | "crowded";

type OnLeft = (hostId: string, joined: number, departure: Departure) => void;

/** The hosts that were known at one moment, in constant space: those that had joined by then. */
export interface Roll {
  readonly count: number;
  /** `Peers.joined()` of the last one. */
  readonly lastJoined: number;
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
  readonly #onLeft: OnLeft;
  /** Heard in one interval only. The first of them makes room for others. */
  readonly #newcomers = new Map<string, Peer>();
  /** Heard in more than one interval, the one heard least recently first. */
  readonly #proven = new Map<string, Peer>();
  #lastJoined = 0;
  #hostCount = 0;

  /**
   * @param interval - milliseconds between two own heartbeats
   * @param onLeft - called when a host that serves clients is no longer known; with its number
   */
  constructor(interval: number, onLeft: OnLeft) {
    this.#interval = interval;
    this.#onLeft = onLeft;
  }

  /** How many serve clients, without this host. */
  get hostCount(): number {
    return this.#hostCount;
  }

  get size(): number {
    return this.#newcomers.size + this.#proven.size;
  }

  /** Peers that subscribe without serving clients: emitters that collect acknowledgements. */
  get emitterCount(): number {
    return this.size - this.#hostCount;
  }

  /** The hosts that are known now: who is asked by what is published now. */
  get roll(): Roll {
    return { count: this.#hostCount, lastJoined: this.#lastJoined };
  }

  /** The number of a host that serves clients, which grows with each that joins; undefined for a stranger. */
  joined(hostId: string): number | undefined {
    const peer = this.#find(hostId);
    return peer?.isHost ? peer.joined : undefined;
  }

  add({ from, isHost, interval }: PresenceMessage): void {
    const believed = Math.max(Math.min(interval, MAX_INTERVAL_MS), this.#interval);
    const tolerated = Math.ceil((MISSED_HEARTBEATS * believed) / this.#interval);
    const known = this.#find(from);
    if (known?.isHost === isHost) {
      known.tolerated = tolerated;
      this.markSeen(from);
      return;
    }
    this.remove(from);
    if (this.size >= MAX_PEERS) {
      this.#makeRoom();
    }
    debug("found %s %s", isHost ? "host" : "emitter", from);
    this.#lastJoined += 1;
    this.#hostCount += isHost ? 1 : 0;
    this.#newcomers.set(from, { isHost, joined: this.#lastJoined, tolerated, missed: 0 });
  }

  /** Any message proves that its sender is there. */
  markSeen(hostId: string): void {
    const peer = this.#find(hostId);
    // Once per interval: this is called for each message.
    if (peer !== undefined && peer.missed > 0) {
      peer.missed = 0;
      this.#newcomers.delete(hostId);
      this.#proven.delete(hostId);
      this.#proven.set(hostId, peer);
    }
  }

  remove(hostId: string, departure: Departure = "goodbye"): void {
    const peer = this.#find(hostId);
    if (peer !== undefined) {
      this.#newcomers.delete(hostId);
      this.#proven.delete(hostId);
      this.#hostCount -= peer.isHost ? 1 : 0;
      debug("lost %s, %d peers left", hostId, this.size);
      if (peer.isHost) {
        this.#onLeft(hostId, peer.joined, departure);
      }
    }
  }

  ownHeartbeatReturned(): void {
    for (const peers of [this.#newcomers, this.#proven]) {
      for (const [hostId, peer] of peers) {
        peer.missed += 1;
        if (peer.missed > peer.tolerated) {
          this.remove(hostId, "silent");
        }
      }
    }
  }

  #find(hostId: string): Peer | undefined {
    return this.#proven.get(hostId) ?? this.#newcomers.get(hostId);
  }

  /** Invented peers cannot keep real ones out: whoever was heard only once goes first. */
  #makeRoom(): void {
    for (const peers of [this.#newcomers, this.#proven]) {
      for (const hostId of peers.keys()) {
        this.remove(hostId, "crowded");
        return;
      }
    }
  }
}
