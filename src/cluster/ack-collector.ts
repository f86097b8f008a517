import type { PythonHosts } from "./python-hosts.js";

export interface AckCollectorOptions {
  /** The Node hosts that are to tell how many of their clients were asked. */
  readonly peers: readonly string[];
  /** `true`: it is for one client, as far as the looks of the room tell. */
  readonly isSingleClient: boolean;
  readonly pythonHosts: PythonHosts;
  /** A client's answer, its first argument. */
  onAck(answer: unknown): void;
  /** All answers are here that will come. @param total - how many */
  onDone(total: number): void;
  /** The time is over, and somebody who is counted, or an only client, has not answered. */
  onTimeout?(): void;
}

interface Counted {
  clients: number;
  answered: number;
  /** The number of the last answer. */
  last: number;
}

const NOBODY: Readonly<Counted> = { clients: 0, answered: 0, last: 0 };

/**
 * One acknowledged emit, and who has yet to answer: clients of this host and of other Node hosts, which are counted, and
 * those of Python hosts, which are not. It is done when all that are counted have answered, unless a Python host may hold
 * more; then it collects until its time is over.
 */
export class AckCollector {
  readonly #options: AckCollectorOptions;
  readonly #own: Counted = { ...NOBODY };
  readonly #hosts = new Map<string, Counted>();
  readonly #missing: Set<string>;
  #uncounted = 0;
  /** Readers of the channel when it was published; null until that is known, undefined where the broker does not tell. */
  #listeners: number | undefined | null = null;
  /** Readers that are neither hosts nor strangers: this process, and emitters that listen. */
  #bystanders = 0;
  #isBegun = false;
  #isOver = false;
  #isDone = false;
  #release: () => void = () => {};

  constructor(options: AckCollectorOptions) {
    this.#options = options;
    this.#missing = new Set(options.peers);
  }

  /** @param release - lets go of what is kept for it */
  onSettled(release: () => void): void {
    this.#release = release;
  }

  /** How many clients of this host were asked. */
  expectOwn(clients: number): void {
    this.#own.clients = clients;
  }

  addOwnAck(answer: unknown): void {
    this.#own.answered += 1;
    this.#pass(answer);
  }

  /**
   * It is published, and whoever was there before this host has had the time to say so.
   *
   * @param listeners - readers of the channel, undefined where the broker does not tell
   * @param bystanders - those of them that are no hosts
   */
  start(listeners: number | undefined, bystanders: number): void {
    this.#isBegun = true;
    this.#listeners = listeners;
    this.#bystanders = bystanders;
    this.#look();
  }

  expectFromPeer(host: string, clients: number): void {
    // After an outage a message may come twice.
    if (!this.#hosts.has(host)) {
      this.#missing.delete(host);
      this.#hosts.set(host, { ...NOBODY, clients });
      this.#look();
    }
  }

  /** @param number - counts from 1 among the answers of that host */
  addPeerAck(host: string, number: number, answer: unknown): boolean {
    const counted = this.#hosts.get(host);
    if (counted === undefined || number <= counted.last) {
      return false;
    }
    counted.last = number;
    counted.answered += 1;
    this.#pass(answer);
    return true;
  }

  addPythonAck(answer: unknown): void {
    this.#uncounted += 1;
    this.#pass(answer);
  }

  /** That host tells nothing any more. */
  peerLeft(host: string): void {
    this.#missing.delete(host);
    const counted = this.#hosts.get(host);
    if (counted !== undefined) {
      counted.clients = counted.answered;
    }
    this.#look();
  }

  /**
   * The time is over, and Python's clients are not waited for any more. If one that is counted has not answered, or an
   * only client has not, it stays open: to say so is what socket.io's own timeout is for.
   */
  expire(): void {
    this.#isOver = true;
    this.#look();
    if (!this.#isDone) {
      this.#options.onTimeout?.();
    }
  }

  /** Nothing was published, and nobody waits. */
  cancel(): void {
    this.#isDone = true;
    this.#release();
  }

  #pass(answer: unknown): void {
    if (!this.#isDone) {
      this.#options.onAck(answer);
      this.#look();
    }
  }

  #look(): void {
    if (!this.#isDone && this.#isComplete()) {
      this.#isDone = true;
      this.#release();
      this.#options.onDone(this.#total((counted) => counted.answered));
    }
  }

  #isComplete(): boolean {
    const { isSingleClient: isOne } = this.#options;
    const clients = this.#total((counted) => counted.clients);
    // Only one host has it.
    if (isOne && this.#uncounted > 0) {
      return true;
    }
    if (this.#missing.size > 0 || this.#total((counted) => counted.answered) < clients) {
      return false;
    }
    if (isOne && clients > 0) {
      return true;
    }
    return (this.#isBegun && !this.#mayBePython()) || (this.#isOver && !isOne);
  }

  /** @returns how many answers there are, or are to be, of clients that are counted and of those that are not */
  #total(of: (counted: Counted) => number): number {
    return [this.#own, ...this.#hosts.values()].reduce((sum, counted) => sum + of(counted), this.#uncounted);
  }

  #mayBePython(): boolean {
    const { pythonHosts: python, isSingleClient: isOne } = this.#options;
    if (python.mode !== "auto") {
      return python.mode === "always";
    }
    if (typeof this.#listeners === "number") {
      return this.#listeners > this.#hosts.size + this.#bystanders;
    }
    // A client that no Node host has came from somewhere; of members of a room nobody said that there are any.
    return isOne || python.seenRecently;
  }
}
