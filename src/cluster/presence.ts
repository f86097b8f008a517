import type { BusStatus } from "../bus/bus.js";

/** How long other hosts have to reply to `hello`: a multiple of its own round trip, and at least this many milliseconds. */
const DISCOVERY = { roundTrips: 3, minMs: 250 } as const;

/** Publishes a message that proves that this process is there. Resolves when the broker has taken it or dropped it; never rejects. */
export type Announce = (type: "hello" | "heartbeat") => Promise<unknown>;

/** This process's own heartbeats, and the time that they measure. */
export class Presence {
  /** Resolves when the hosts that were there before have had the time to reply, or with `close()`. */
  readonly peersDiscovered: Promise<void>;
  readonly #interval: number;
  readonly #announce: Announce;
  #settleDiscovery: () => void = () => {};
  #discovery: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the newest heartbeat was published, in `performance.now()` time. */
  #publishedAt = 0;
  /** Whether a heartbeat waits for the broker. Then no other is added; `#isOwed` has one follow. */
  #isPublishing = false;
  #isOwed = false;
  /** Whether an interval has passed since an own heartbeat was last taken for time. */
  #hasIntervalPassed = false;
  /** Whether the connection to the broker is known to be lost. */
  #isDisconnected = false;
  #isClosed = false;

  /** @param interval - milliseconds between two heartbeats */
  constructor(interval: number, announce: Announce) {
    this.#interval = interval;
    this.#announce = announce;
    this.peersDiscovered = new Promise((resolve) => {
      this.#settleDiscovery = resolve;
    });
  }

  /**
   * Resolves when the broker has taken the `hello`, or dropped it. Never rejects.
   *
   * @param onInterval - called once per interval
   */
  async start(onInterval: () => void): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    this.#timer = setInterval(() => {
      this.#hasIntervalPassed = true;
      onInterval();
      this.heartbeat();
    }, this.#interval);
    await this.#publish("hello");
  }

  heartbeat(): void {
    void this.#publish("heartbeat");
  }

  /** What a heartbeat says is another than before. The `hello`, if that is still to come, says it as well. */
  changed(): void {
    if (this.#timer !== undefined) {
      this.heartbeat();
    }
  }

  /** Nothing is published while the broker is away, since nobody needs to read it later. */
  onStatus(status: BusStatus): void {
    if (status.type === "reconnecting") {
      this.#isDisconnected = true;
    } else if (status.type === "ready" || status.type === "refused") {
      this.#isDisconnected = false;
    }
  }

  /** An own `hello` or `heartbeat` returned. @returns whether an interval has passed since the last one that counted */
  ownHeartbeatReturned(): boolean {
    const counts = this.#hasIntervalPassed;
    this.#hasIntervalPassed = false;
    this.#discovery ??= this.#waitForPeers(performance.now() - this.#publishedAt);
    return counts;
  }

  /** @returns whether a goodbye would reach anybody */
  close(): boolean {
    const isConnected = this.#timer !== undefined && !this.#isDisconnected;
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#discovery);
    this.#settleDiscovery();
    return isConnected;
  }

  async #publish(type: "hello" | "heartbeat"): Promise<void> {
    if (this.#isDisconnected || this.#isClosed) {
      return;
    }
    if (this.#isPublishing) {
      this.#isOwed = true;
      return;
    }
    this.#isPublishing = true;
    this.#isOwed = false;
    this.#publishedAt = performance.now();
    await this.#announce(type);
    this.#isPublishing = false;
    if (this.#isOwed) {
      this.heartbeat();
    }
  }

  /** @param roundTrip - milliseconds that the `hello` took to the broker and back */
  #waitForPeers(roundTrip: number): NodeJS.Timeout {
    const wait = Math.max(DISCOVERY.minMs, DISCOVERY.roundTrips * roundTrip);
    return setTimeout(() => this.#settleDiscovery(), wait);
  }
}
