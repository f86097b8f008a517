import { isNodeHostId } from "../protocol/model/host-id.js";

/** Whether Python hosts may hold clients: see `pythonHosts` of the options. */
export type PythonHostsMode = "auto" | "always" | "never";

export const PYTHON_HOSTS_MODES: readonly PythonHostsMode[] = ["auto", "always", "never"];

/** How long a Python host counts as present after its last message: it announces no end, and its clients may only listen. */
const RECENTLY_MS = 60 * 60 * 1_000;

/** What is known of the fleet's Python hosts. They send no heartbeat, so they can be seen but not counted. */
export class PythonHosts {
  readonly mode: PythonHostsMode;
  /** In `performance.now()` time. */
  #lastSeenAt: number | undefined;
  readonly #countNodes: () => number;
  readonly #countSubscribers: () => Promise<number | undefined>;
  /** Subscribers of the fleet's channel when they were last counted, undefined where the broker does not report it. */
  #subscribers: number | undefined;

  /**
   * @param countNodes - how many subscribers of the fleet's channel are known to be Node processes, this one included
   * @param countSubscribers - how many there are, undefined where the broker does not report it. Never rejects
   */
  constructor(
    mode: PythonHostsMode,
    countNodes: () => number,
    countSubscribers: () => Promise<number | undefined> = async () => undefined,
  ) {
    this.mode = mode;
    this.#countNodes = countNodes;
    this.#countSubscribers = countSubscribers;
  }

  /** The sender of a message on the fleet's channel, undefined where it gives none, as old releases of Python do not. */
  markSender(hostId: string | undefined): void {
    if (hostId === undefined || !isNodeHostId(hostId)) {
      this.markSeen();
    }
  }

  /** @param ago - milliseconds, where another host saw it */
  markSeen(ago = 0): void {
    const at = performance.now() - ago;
    this.#lastSeenAt = Math.max(this.#lastSeenAt ?? at, at);
  }

  /** Milliseconds, null for never. */
  get lastSeenAgo(): number | null {
    return this.#lastSeenAt === undefined ? null : Math.round(performance.now() - this.#lastSeenAt);
  }

  /** Call now and then: counts the subscribers, where it matters. Never rejects. */
  async refresh(): Promise<void> {
    if (this.mode === "auto") {
      this.#subscribers = await this.#countSubscribers();
    }
  }

  /** Whether to expect any, as far as is known at this moment. */
  get areExpected(): boolean {
    if (this.mode !== "auto") {
      return this.mode === "always";
    }
    return this.#subscribers === undefined ? this.seenRecently : this.#subscribers > this.#countNodes();
  }

  get seenRecently(): boolean {
    const ago = this.lastSeenAgo;
    return ago !== null && ago <= RECENTLY_MS;
  }
}
