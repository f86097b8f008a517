import { isNodeHostId } from "../protocol/model/host-id.js";

/** Whether Python hosts may hold clients: see `pythonHosts` of the options. */
export type PythonHostsMode = "auto" | "always" | "never";

export const PYTHON_HOSTS_MODES: readonly PythonHostsMode[] = ["auto", "always", "never"];

/** How long a Python host that was heard is taken to be there. It says no goodbye; its clients may only listen. */
const MEMORY_MS = 60 * 60 * 1_000;

/** What is known of the Python hosts of the fleet, which send no heartbeat: they can be heard, and not counted. */
export class PythonHosts {
  readonly mode: PythonHostsMode;
  /** Of `performance.now()`. */
  #heardAt: number | undefined;
  readonly #countNodes: () => number;
  /** Readers of the channel when they were last counted, undefined where the broker does not tell. */
  #readers: number | undefined;

  /** @param countNodes - readers of the channel that are known to be Node processes, this one included */
  constructor(mode: PythonHostsMode, countNodes: () => number) {
    this.mode = mode;
    this.#countNodes = countNodes;
  }

  /** A message on the fleet's channel; `undefined` is a sender that did not say its name, as old releases of Python do not. */
  markSender(hostId: string | undefined): void {
    if (hostId === undefined || !isNodeHostId(hostId)) {
      this.markSeen();
    }
  }

  /** @param ago - milliseconds, where another host heard it */
  markSeen(ago = 0): void {
    const at = performance.now() - ago;
    this.#heardAt = Math.max(this.#heardAt ?? at, at);
  }

  /** Milliseconds, null for never. */
  get lastSeenAgo(): number | null {
    return this.#heardAt === undefined ? null : Math.round(performance.now() - this.#heardAt);
  }

  /** @param readers - how many read the channel, undefined where the broker does not tell */
  setSubscribers(readers: number | undefined): void {
    this.#readers = readers;
  }

  /** Whether to expect any, as far as is known at this moment. */
  get areExpected(): boolean {
    if (this.mode !== "auto") {
      return this.mode === "always";
    }
    return this.#readers === undefined ? this.seenRecently : this.#readers > this.#countNodes();
  }

  get seenRecently(): boolean {
    const ago = this.lastSeenAgo;
    return ago !== null && ago <= MEMORY_MS;
  }
}
