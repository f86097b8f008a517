import type { BusStatus, DropReason } from "../../bus/bus.js";
import type { BridgeError } from "../../errors.js";
import type { Rejection, RejectReason } from "../../protocol/model/rejection.js";
import { ADVICE, logRejection } from "../../reporting/log-rejection.js";
import { logStatus } from "../../reporting/log-status.js";
import { debugLog } from "../../util/debug.js";
import { DropTally } from "../../util/drop-tally.js";
import { callApplication, describeThrown, Listeners } from "../../util/listeners.js";
import type { Logger } from "../../util/logger.js";
import { RateLimitedLog } from "../../util/rate-limited-log.js";
import type { BridgeStats, ObservedEmit, RejectedMessage } from "./handle.js";

const debug = debugLog("adapter");

const NO_COUNTS = { received: 0, published: 0, echoes: 0, ignored: 0, dropped: 0 };

type Counter = keyof typeof NO_COUNTS;

/** Names that were warned of and are remembered, and their characters: clients may choose them. */
const MAX_WARNED = { names: 1_000, length: 200 } as const;

/** What a host reports: counters, log lines, and events for listeners. Never throws: listeners and logger are the application's. */
export class Reporter {
  readonly emits = new Listeners<ObservedEmit>((error) => this.threw("an onEmit listener", error));
  readonly status = new Listeners<BusStatus>((error) => this.threw("an onStatus listener", error));
  readonly rejections = new Listeners<RejectedMessage>((error) => this.threw("an onRejected listener", error));
  readonly #drops = new DropTally<DropReason>((reason, count, bytes) =>
    this.onStatus({ type: "dropped", reason, count, bytes }),
  );
  #isClosed = false;
  readonly #log: RateLimitedLog;
  readonly #info: RateLimitedLog;
  readonly #channels: readonly string[];
  readonly #counts = { ...NO_COUNTS };
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  readonly #warned = new Set<string>();
  /** By channel; none for one that is known not to be heard. */
  readonly #lags = new Map<string, number>();
  #wasReady = false;
  /** Whether the log says that something is wrong with the broker, and not yet that it is over. */
  #isLossLogged = false;

  constructor(logger: Logger, channels: readonly string[]) {
    this.#log = new RateLimitedLog((line) => callApplication(() => logger.warn(line)));
    this.#info = new RateLimitedLog((line) => callApplication(() => logger.info(line)));
    this.#channels = channels;
  }

  /** Whether anybody is to be shown emits. */
  get hasEmitListeners(): boolean {
    return this.emits.size > 0;
  }

  count(counter: Counter): void {
    this.#counts[counter] += 1;
  }

  /** Logs, at most once a minute, what the caller of an operation should know. */
  warn(key: string, text: string): void {
    this.#log.line(key, () => `[socketio-python-bridge] ${text}`);
  }

  /** Logs once for each name, as far as memory goes, and at most once a minute for all of them. */
  warnOnce(key: string, name: string, text: () => string): void {
    if (this.#warned.has(name) || this.#warned.size >= MAX_WARNED.names) {
      return;
    }
    this.#log.line(key, () => {
      if (name.length <= MAX_WARNED.length) {
        this.#warned.add(name);
      }
      return `[socketio-python-bridge] ${text()}`;
    });
  }

  /** An operation of the application was not carried out, since other hosts would reject its message. */
  dropUnreadable({ message }: BridgeError): void {
    this.warn("unreadable", `not sent: ${message}`);
    if (!this.#isClosed) {
      this.#drops.add("unreadable", 1, 0);
    }
  }

  /** Reports what has not been. From then on, nothing is published that could be dropped. */
  close(): void {
    this.#isClosed = true;
    this.#drops.flush();
  }

  /** Code of the application threw while a message was delivered or answered, which goes on. @param what - is that code */
  threw(what: string, error: unknown): void {
    this.warn(`threw ${what}`, `${what} threw ${describeThrown(error)}`);
  }

  onStatus(status: BusStatus): void {
    debug("bus: %s", status.type);
    if (status.type === "dropped") {
      this.#counts.dropped += status.count;
    }
    this.#noteLag(status);
    if (status.type === "ready") {
      this.#logReady();
    }
    if (logStatus(this.#log, status)) {
      this.#isLossLogged = true;
    }
    this.status.notify(status);
  }

  #noteLag(status: BusStatus): void {
    switch (status.type) {
      case "healthy":
        this.#lags.set(status.channel, status.lag);
        return;
      case "stale":
        this.#lags.delete(status.channel);
        return;
      case "refused":
        for (const channel of status.channels) {
          this.#lags.delete(channel);
        }
        return;
      case "reconnecting":
        this.#lags.clear();
        return;
      default:
    }
  }

  /** @param hostId - the sender, as far as the message could be read */
  reject(channel: string, { reason, detail }: Rejection, hostId: string | undefined): void {
    debug("rejected a message on %s: %s", channel, reason);
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + 1;
    logRejection(this.#log, channel, { reason, detail }, hostId);
    const advice = ADVICE[reason];
    this.rejections.notify({ reason, detail, channel, hostId, ...(advice === undefined ? {} : { advice }) });
  }

  stats(): Pick<BridgeStats, Counter | "rejected" | "lag"> {
    return { ...this.#counts, rejected: { ...this.#rejected }, lag: this.#lag() };
  }

  /** A loss that stands in the log is followed by its end there, however often there were others. */
  #logReady(): void {
    const what = this.#wasReady ? "connected again" : "connected";
    const channels = this.#channels.map((channel) => `"${channel}"`).join(", ");
    if (this.#isLossLogged) {
      this.#info.forget(what);
    }
    this.#info.line(what, () => `[socketio-python-bridge] ${what}; subscribed to ${channels}`);
    this.#wasReady = true;
    this.#isLossLogged = false;
  }

  #lag(): number | null {
    const lags = this.#channels.map((channel) => this.#lags.get(channel) ?? null);
    return lags.reduce((worst, lag) => (worst === null || lag === null ? null : Math.max(worst, lag)));
  }
}
