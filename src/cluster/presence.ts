import type { BusStatus } from "../bus/bus.js";

/** How long other hosts have to answer a newcomer's `hello`, in milliseconds, and how many times its own way there and back. */
const GREETING = { least: 250, ways: 3 } as const;

export interface PresenceOptions {
  /** Milliseconds between two beats. */
  readonly interval: number;
  /** Says that this process is there. Resolves when the broker has taken it, or will not; never rejects. */
  announce(type: "hello" | "heartbeat"): Promise<unknown>;
  /** Comes once in an interval. */
  onInterval(): void;
  /** An own beat has come back, and an interval has passed since the last one that counted. */
  onOwnHeartbeat(): void;
}

/** This process's own signs of life, and the time that they tell. */
export class Presence {
  /** Resolves when the hosts that were there before have had the time to say so, or with `close()`. */
  readonly peersDiscovered: Promise<void>;
  readonly #options: PresenceOptions;
  #settle: () => void = () => {};
  #greeting: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the newest beat went out. */
  #beatAt = 0;
  /** Whether one waits for the broker: then no other is added to it, and `#isOwed` says that one is to follow. */
  #isBeating = false;
  #isOwed = false;
  /** Whether an interval has passed since an own beat was last taken for time. */
  #isTimeUp = false;
  /** Whether the connection to the broker is known to be lost. */
  #isAway = false;
  #isClosed = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.peersDiscovered = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Resolves when the broker has taken the greeting, or will not. Never rejects. */
  async start(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    this.#timer = setInterval(() => {
      this.#isTimeUp = true;
      this.#options.onInterval();
      this.heartbeat();
    }, this.#options.interval);
    await this.#say("hello");
  }

  heartbeat(): void {
    void this.#say("heartbeat");
  }

  /** What the bus says of its connection. Nothing is said while it is away, since nobody needs to hear it later. */
  onStatus(status: BusStatus): void {
    if (status.type === "reconnecting") {
      this.#isAway = true;
    } else if (status.type === "ready") {
      this.#isAway = false;
    }
  }

  /** An own `hello` or `beat` came back. */
  ownHeartbeatReturned(): void {
    if (this.#isTimeUp) {
      this.#isTimeUp = false;
      this.#options.onOwnHeartbeat();
    }
    this.#greeting ??= this.#waitForGreetings(performance.now() - this.#beatAt);
  }

  /** @returns whether a goodbye would be heard */
  close(): boolean {
    const isHeard = this.#timer !== undefined && !this.#isAway;
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#greeting);
    this.#settle();
    return isHeard;
  }

  async #say(type: "hello" | "heartbeat"): Promise<void> {
    if (this.#isAway || this.#isClosed) {
      return;
    }
    if (this.#isBeating) {
      this.#isOwed = true;
      return;
    }
    this.#isBeating = true;
    this.#isOwed = false;
    this.#beatAt = performance.now();
    await this.#options.announce(type);
    this.#isBeating = false;
    if (this.#isOwed) {
      this.heartbeat();
    }
  }

  /** @param way - milliseconds that the greeting took there and back */
  #waitForGreetings(way: number): NodeJS.Timeout {
    return setTimeout(() => this.#settle(), Math.max(GREETING.least, GREETING.ways * way));
  }
}
