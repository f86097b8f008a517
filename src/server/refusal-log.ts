import type { Logger } from "../util/logger.js";
import { quote } from "../util/quote.js";
import { RateLimitedLog } from "../util/rate-limited-log.js";
import type { Refusal } from "./origin.js";

/** Hosts and origins that get a line of their own: clients choose these names. */
const MOST_NAMES = 20;

const TEXTS: Readonly<Record<Refusal["kind"], (name: string) => string>> = {
  host: (name) =>
    `refused a request for the host ${name}; if that is a name of this server, add it: --cors https://chat.example.com`,
  origin: (name) => `refused a request from a page of the origin ${name}; if its pages may connect, add it with --cors`,
};

/** Logs each refused host and origin once. From the 21st on there is a line a minute, with their number. */
export class RefusalLog {
  readonly #names = new Set<string>();
  readonly #named: (line: string) => void;
  readonly #others: RateLimitedLog;

  constructor(logger: Logger) {
    this.#named = (line) => logger.warn(line);
    this.#others = new RateLimitedLog(this.#named);
  }

  add({ kind, name }: Refusal): void {
    // Short, whatever a header holds.
    const quoted = quote(name);
    const key = `${kind} ${quoted}`;
    if (this.#names.has(key)) {
      return;
    }
    const line = `[socketio-python-bridge] ${TEXTS[kind](quoted)}`;
    if (this.#names.size < MOST_NAMES) {
      this.#names.add(key);
      this.#named(line);
    } else {
      this.#others.line("others", () => line);
    }
  }
}
