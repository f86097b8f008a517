import { callApplication } from "../util/listeners.js";
import type { Roll } from "./peers.js";
import type { PythonHosts } from "./python-hosts.js";

/**
 * Whom an emit is for:
 *
 * - `client`: one client, by its sid
 * - `room`: many, or everyone
 * - `unknown`: a room whose name looks like a sid, or that client; hosts tell
 * - `presumed-client`: the same, where Python hosts do not tell
 */
export type AckRecipient = "client" | "room" | "unknown" | "presumed-client";

export interface AckCollectorOptions {
  /** The Node hosts that are asked, and report how many of their clients got the emit. */
  readonly asked: Roll;
  readonly recipient: AckRecipient;
  readonly pythonHosts: PythonHosts;
  /** A host has told that the emit is for one client. */
  onClient?(): void;
  /** @param ack - the first argument of a client's acknowledgement */
  onAck(ack: unknown): void;
  /** Every acknowledgement that will come has come. @param total - their number */
  onDone(total: number): void;
  /** The time is over, and a client that was counted, or the single client, has not acknowledged. */
  onTimeout?(): void;
  /** The adapter or emitter was closed before either. */
  onClosed?(): void;
  /** Gets what one of these threw. */
  onThrown(error: unknown): void;
}

interface HostAcks {
  clients: number;
  received: number;
  lastSequence: number;
}

/** Hosts that report a number before this process knows them. */
const MAX_STRANGERS = 1_000;

/**
 * The acknowledgements of one emit: from clients of this host and of other Node hosts, which are counted, and from
 * clients of Python hosts, which are not. It is done when all counted clients have acknowledged, unless a Python host may
 * hold more; then it collects until its time is over.
 */
export class AckCollector {
  readonly #options: AckCollectorOptions;
  readonly #byPeer = new Map<string, HostAcks>();
  /** How many of the hosts that were asked have not reported their number of clients. */
  #uncounted: number;
  #strangers = 0;
  /** Of all Node hosts: clients that got the emit, and acknowledgements. */
  #clients = 0;
  #received = 0;
  /** By what is known up to now. */
  #recipient: AckRecipient;
  #pythonAcks = 0;
  /** Of the fleet's channel when the emit was published; null until counted, undefined where the broker does not report it. */
  #subscribers: number | undefined | null = null;
  /** Subscribers that are neither peers with clients nor possibly Python hosts: this process, and emitters. */
  #bystanders = 0;
  #isStarted = false;
  #isExpired = false;
  #isDone = false;
  #release: () => void = () => {};

  constructor(options: AckCollectorOptions) {
    this.#options = options;
    this.#uncounted = options.asked.count;
    this.#recipient = options.recipient;
  }

  /** @param release - frees what is kept for this collector once it is done */
  onSettled(release: () => void): void {
    this.#release = release;
  }

  /** @param clients - how many clients of this host got the emit */
  expectOwn(clients: number): void {
    this.#clients += clients;
  }

  addOwnAck(ack: unknown): void {
    this.#received += 1;
    this.#pass(ack);
  }

  /**
   * Call when the emit is published and the hosts that were there before this one have been discovered.
   *
   * @param subscribers - of the fleet's channel, undefined where the broker does not report it
   * @param bystanders - those among them that are not hosts, and this process
   */
  start(subscribers: number | undefined, bystanders: number): void {
    this.#isStarted = true;
    this.#subscribers = subscribers;
    this.#bystanders = bystanders;
    this.#finishIfComplete();
  }

  /**
   * @param joined - `Peers.joined()` of that host
   * @param isClient - whether that host serves the client whose sid the room looks like
   */
  expectFromPeer(host: string, joined: number | undefined, clients: number, isClient = false): void {
    // After an outage a message may come twice.
    if (this.#byPeer.has(host) || !this.#isHeard(joined)) {
      return;
    }
    if (this.#wasAsked(joined)) {
      this.#uncounted -= 1;
    }
    if (isClient) {
      this.#isForClient();
    } else if (clients > 0 && this.#recipient === "presumed-client") {
      this.#recipient = "room";
    }
    this.#byPeer.set(host, { clients, received: 0, lastSequence: 0 });
    this.#clients += clients;
    this.#finishIfComplete();
  }

  /** @param sequence - counts from 1 among the acknowledgements of that host @returns false for one that came before */
  addPeerAck(host: string, sequence: number, ack: unknown): boolean {
    const peer = this.#byPeer.get(host);
    if (peer === undefined || sequence <= peer.lastSequence) {
      return false;
    }
    peer.lastSequence = sequence;
    peer.received += 1;
    this.#received += 1;
    if (peer.received > peer.clients) {
      // One more than it had reported stands for no client of another host.
      peer.clients += 1;
      this.#clients += 1;
    }
    this.#pass(ack);
    return true;
  }

  /** @param isClient - whether it is that of the client whose sid the room looks like */
  addPythonAck(ack: unknown, isClient = false): void {
    this.#pythonAcks += 1;
    if (isClient) {
      this.#isForClient();
    }
    this.#pass(ack);
  }

  /** That host sends no more. @param joined - `Peers.joined()` of it while it was there */
  peerLeft(host: string, joined: number): void {
    const peer = this.#byPeer.get(host);
    if (peer !== undefined) {
      this.#clients -= peer.clients - peer.received;
      peer.clients = peer.received;
    } else if (this.#wasAsked(joined)) {
      this.#uncounted -= 1;
    }
    this.#finishIfComplete();
  }

  /**
   * The time is over, and Python's clients are not waited for any more. If a counted client has not acknowledged, or the
   * single client has not, the collector stays open: to report that is what socket.io's own timeout is for.
   */
  expire(): void {
    this.#isExpired = true;
    this.#finishIfComplete();
    if (!this.#isDone) {
      this.#call(() => this.#options.onTimeout?.());
    }
  }

  /** Call when nothing was published, or nobody waits any more. */
  cancel(): void {
    this.#isDone = true;
    this.#release();
  }

  close(): void {
    this.#isDone = true;
    this.#call(() => this.#options.onClosed?.());
  }

  #wasAsked(joined: number | undefined): boolean {
    return joined !== undefined && joined <= this.#options.asked.lastJoined;
  }

  /** Peers, and some that will turn out to be: they have just started, or were given up too early. */
  #isHeard(joined: number | undefined): boolean {
    if (joined !== undefined) {
      return true;
    }
    this.#strangers += 1;
    return this.#strangers <= MAX_STRANGERS;
  }

  #isForClient(): void {
    this.#recipient = "client";
    this.#options.onClient?.();
  }

  #pass(ack: unknown): void {
    if (!this.#isDone) {
      this.#call(() => this.#options.onAck(ack));
      this.#finishIfComplete();
    }
  }

  #call(callback: () => void): void {
    callApplication(callback, this.#options.onThrown);
  }

  #finishIfComplete(): void {
    if (!this.#isDone && this.#isComplete()) {
      this.#isDone = true;
      this.#release();
      const total = this.#received + this.#pythonAcks;
      this.#call(() => this.#options.onDone(total));
    }
  }

  #isComplete(): boolean {
    const isForClient = this.#recipient === "client" || this.#recipient === "presumed-client";
    const clients = this.#clients + this.#pythonAcks;
    if (this.#received < this.#clients) {
      return false;
    }
    // No other host has that client.
    if (isForClient && this.#pythonAcks > 0) {
      return true;
    }
    if (this.#uncounted > 0) {
      return false;
    }
    if (isForClient && clients > 0) {
      return true;
    }
    return (
      (this.#isStarted && !this.#mayAwaitPython()) || (this.#isExpired && (this.#recipient === "room" || clients > 0))
    );
  }

  /** Whether a Python host may hold clients that have not acknowledged yet. */
  #mayAwaitPython(): boolean {
    const { pythonHosts } = this.#options;
    if (pythonHosts.mode !== "auto") {
      return pythonHosts.mode === "always";
    }
    if (typeof this.#subscribers === "number") {
      return this.#subscribers > this.#byPeer.size + this.#bystanders;
    }
    // A sid that no Node host knows was issued by somebody. A room that no Node host knows may have no members at all.
    const isUnknownSid = this.#recipient !== "room" && this.#clients + this.#pythonAcks === 0;
    return isUnknownSid || pythonHosts.seenRecently;
  }
}
