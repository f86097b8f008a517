import type { BridgeError } from "../errors.js";
import { callApplication } from "../util/listeners.js";
import type { Logger } from "../util/logger.js";
import { quote } from "../util/quote.js";
import { RateLimitedLog } from "../util/rate-limited-log.js";

/** Why an event did not reach a handler, or its acknowledgement did not reach the client. */
export type EdgeLoss =
  /** Too many events of the client, or of all clients, wait. */
  | "queue_full"
  /** Its arguments are nested deeper than Python can read. */
  | "unreadable"
  /** No worker took it in time. */
  | "no_worker"
  /** A worker had it, and did not answer: the handler may have run. */
  | "no_answer"
  /** The edge is closed. */
  | "closed";

/** Counters since the start. */
export interface EdgeStats {
  /** Calls that a worker has answered. */
  readonly answered: number;
  /** Handlers that raised an exception. */
  readonly raised: number;
  /** Events for which neither the server nor Python has a handler. */
  readonly unhandled: number;
  /** Clients of hosts that have died for which this edge has run `disconnect` handlers, once for each namespace. */
  readonly takenOver: number;
  /** Calls that wait or run. */
  readonly pending: number;
  /** Events without an answer, clients that could not enter, and `disconnect` handlers that did not run, by reason. */
  readonly lost: Readonly<Partial<Record<EdgeLoss, number>>>;
}

/** What an edge reports: counters, and log lines, of which there is at most one a minute of each kind. Never throws. */
export class EdgeReporter {
  readonly #log: RateLimitedLog;
  readonly #info: RateLimitedLog;
  readonly #lost: Partial<Record<EdgeLoss, number>> = {};
  #answered = 0;
  #raised = 0;
  #unhandled = 0;
  #takenOver = 0;

  constructor(logger: Logger) {
    this.#log = new RateLimitedLog((line) => callApplication(() => logger.warn(line)));
    this.#info = new RateLimitedLog((line) => callApplication(() => logger.info(line)));
  }

  /** @param error - the class of what the handler raised */
  answered(what: string, error: unknown): void {
    this.#answered += 1;
    if (typeof error === "string") {
      this.#raised += 1;
      this.#warn(`raised ${what}`, `the handler of ${what} raised ${error}; see the log of the worker`);
    }
  }

  /** @param isThrough - whether what a handler has published came over the channel in time */
  marked(isThrough: boolean): void {
    if (!isThrough) {
      this.#warn(
        "unmarked",
        "what a handler emitted has not come over the channel: do the workers use this queue and channel? " +
          "Flask-SocketIO's is flask-socketio",
      );
    }
  }

  unhandled(namespace: string, event: string): void {
    this.#unhandled += 1;
    this.#warn("unhandled", `nobody handles the event ${quote(event)} of ${quote(namespace)}`);
  }

  lost(what: string, reason: EdgeLoss, detail: string): void {
    this.#lost[reason] = (this.#lost[reason] ?? 0) + 1;
    this.#warn(`lost ${reason}`, `${what} is lost (${reason}): ${detail}`);
  }

  away(backend: string, { message }: BridgeError): void {
    this.#info.forget(`back ${backend}`);
    this.#warn(`away ${backend}`, `${message}; events wait until a worker is available`);
  }

  back(backend: string): void {
    this.#log.forget(`away ${backend}`);
    this.#info.line(`back ${backend}`, () => `[socketio-python-bridge] workers at ${backend} take events`);
  }

  takesOver(host: string, clients: number): void {
    this.#warn(`takes over ${host}`, `the host ${host} has died: \`disconnect\` runs here for its ${clients} clients`);
  }

  /** A `disconnect` handler of another host's client has run. */
  tookOver(): void {
    this.#takenOver += 1;
  }

  /** @param clients - own ones for which another host has run `disconnect` */
  returned(clients: number): void {
    this.#warn(
      "returned",
      `the other hosts could not hear this one and took it for dead: ${clients} of its clients have to connect anew`,
    );
  }

  /** @param reason - they are too large to be told, or there is no room for those of other hosts */
  unprotected(reason: "oversized" | "no_room", clients: number, bytes: number): void {
    const whose = reason === "oversized" ? "have too large headers and sessions" : "of other hosts find no room here";
    this.#warn(
      `unprotected ${reason}`,
      `${clients} clients ${whose} (${bytes} bytes): their \`disconnect\` may not run if their host dies`,
    );
  }

  unsent({ message }: BridgeError): void {
    this.#warn("unsent", `the other edges do not hear of the clients of this one: ${message}`);
  }

  stats(): Omit<EdgeStats, "pending"> {
    return {
      answered: this.#answered,
      raised: this.#raised,
      unhandled: this.#unhandled,
      takenOver: this.#takenOver,
      lost: { ...this.#lost },
    };
  }

  #warn(key: string, text: string): void {
    this.#log.line(key, () => `[socketio-python-bridge] ${text}`);
  }
}
