import type { BusStatus } from "../../bus/bus.js";
import type { Rejection, RejectReason } from "../../protocol/model/rejection.js";
import { ADVICE, logRejection } from "../../reporting/log-rejection.js";
import { logStatus } from "../../reporting/log-status.js";
import { Listeners } from "../../util/listeners.js";
import type { Logger } from "../../util/logger.js";
import { RateLimitedLog } from "../../util/rate-limited-log.js";
import type { BridgeStats, ObservedEmit, RejectedMessage } from "./handle.js";

const NO_COUNTS = { received: 0, published: 0, echoes: 0, ignored: 0, dropped: 0, unknownAcks: 0 };

type Counter = keyof typeof NO_COUNTS;

/** How many things are said once, and not once more. */
const MAX_SAID = 1_000;

/** What a host tells of itself: counters, log lines, and those who listen. */
export class Reporter {
  readonly emits = new Listeners<ObservedEmit>();
  readonly status = new Listeners<BusStatus>();
  readonly rejections = new Listeners<RejectedMessage>();
  readonly #logger: Logger;
  readonly #log: RateLimitedLog;
  readonly #channels: readonly string[];
  readonly #counts = { ...NO_COUNTS };
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  readonly #said = new Set<string>();
  /** By channel; null while it is stale. */
  readonly #lags = new Map<string, number | null>();

  constructor(logger: Logger, channels: readonly string[]) {
    this.#logger = logger;
    this.#log = new RateLimitedLog((line) => logger.warn(line));
    this.#channels = channels;
  }

  count(counter: Counter): void {
    this.#counts[counter] += 1;
  }

  /** Says something once a minute that the caller of an operation should know. */
  warn(key: string, text: string): void {
    this.#log.line(key, () => `[socketio-python-bridge] ${text}`);
  }

  /** Says something once, as far as memory goes. */
  warnOnce(key: string, text: () => string): void {
    if (!this.#said.has(key) && this.#said.size < MAX_SAID) {
      this.#said.add(key);
      this.warn(key, text());
    }
  }

  onStatus(status: BusStatus): void {
    if (status.type === "dropped") {
      this.#counts.dropped += status.count;
    }
    if (status.type === "healthy" || status.type === "stale") {
      this.#lags.set(status.channel, status.type === "healthy" ? status.lag : null);
    }
    if (status.type === "ready") {
      const channels = this.#channels.map((channel) => `"${channel}"`).join(", ");
      this.#logger.info(`[socketio-python-bridge] connected; reading ${channels}`);
    }
    logStatus(this.#log, status);
    this.status.notify(status);
  }

  reject(channel: string, rejected: Rejection, hostId: string | undefined): void {
    const { reason, detail } = rejected;
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
    logRejection(this.#log, channel, rejected, hostId);
    const advice = ADVICE[reason];
    this.rejections.notify({ reason, detail, channel, hostId, ...(advice === undefined ? {} : { advice }) });
  }

  stats(): Pick<BridgeStats, Counter | "rejected" | "lag"> {
    return { ...this.#counts, rejected: { ...this.#rejected }, lag: this.#lag() };
  }

  #lag(): number | null {
    const lags = this.#channels.map((channel) => this.#lags.get(channel) ?? null);
    return lags.reduce((worst, lag) => (worst === null || lag === null ? null : Math.max(worst, lag)));
  }
}
