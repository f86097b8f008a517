import { BridgeError } from "../errors.js";
import { type Logger, normalizeLogger } from "../util/logger.js";
import { integerInRange, LONGEST_TIMER_MS, noOthers } from "../util/validation.js";
import type { QueueLimits } from "./event-queue.js";
import { type ProxyCheck, proxyCheck } from "./proxies.js";

export interface EdgeOptions {
  /** URL of the workers, such as `http://127.0.0.1:8000`, optionally with a path. Calls to several are balanced by load. */
  readonly backend: string | readonly string[];
  /** Shared with the workers. */
  readonly secret: string;
  /** Certificate authority that signed the backends' certificates, in PEM. @default Node's */
  readonly ca?: string;
  /**
   * Events of a client that are handled at once, beside its others, rather than one after the other: all, or those with
   * these names. @default false
   */
  readonly concurrent?: boolean | readonly string[];
  /**
   * Events that are handled again where their worker died: all, or those with these names. Their handlers may run twice.
   * @default false
   */
  readonly repeatable?: boolean | readonly string[];
  /** Milliseconds a handler may take before its acknowledgement is given up. @default 60000 */
  readonly timeout?: number;
  /** Calls in flight at each backend. @default 64 */
  readonly maxCalls?: number;
  /** Milliseconds that an event, or a new client, waits for a worker. @default 30000 */
  readonly maxWait?: number;
  /** Limits on the waiting events of one client. @default 1,000 events, 4 MiB in all */
  readonly clientQueue?: Partial<QueueLimits>;
  /** Limits on the waiting events of all clients. @default 100,000 events, 64 MiB in all */
  readonly queue?: Partial<QueueLimits>;
  /**
   * Proxies in front of the edge, as IP addresses or networks such as `10.0.0.0/8`: handlers get the address and scheme of a
   * client from their `X-Forwarded-For` and `X-Forwarded-Proto`. @default none, and those headers are not believed
   */
  readonly trustProxy?: readonly string[];
  /** Maximum size of a reply, in bytes. @default 16 MiB */
  readonly maxAnswer?: number;
  /** `false` for no log. @default console */
  readonly logger?: Logger | false;
}

const MIB = 2 ** 20;
const PATH = "/socketio-bridge";

type Selects = (event: string) => boolean;

export interface NormalizedEdge {
  readonly isConcurrent: Selects;
  readonly isRepeatable: Selects;
  readonly urls: readonly URL[];
  readonly secret: string;
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly maxCalls: number;
  readonly maxWait: number;
  readonly clientQueue: QueueLimits;
  readonly queue: QueueLimits;
  readonly isTrustedProxy: ProxyCheck;
  readonly maxAnswer: number;
  readonly logger: Logger;
}

const OPTIONS: Readonly<Record<keyof EdgeOptions, true>> = {
  backend: true,
  secret: true,
  ca: true,
  concurrent: true,
  repeatable: true,
  timeout: true,
  maxCalls: true,
  maxWait: true,
  clientQueue: true,
  queue: true,
  trustProxy: true,
  maxAnswer: true,
  logger: true,
};

const LIMITS: Readonly<Record<keyof QueueLimits, true>> = { maxEvents: true, maxBytes: true };

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function selection(name: string, events: boolean | readonly string[] = false): Selects {
  if (typeof events === "boolean") {
    return () => events;
  }
  if (!Array.isArray(events) || !events.every((event) => typeof event === "string")) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${name} takes true, or a list of names of events`);
  }
  const names = new Set(events);
  return (event) => names.has(event);
}

function normalizeLimits(name: string, given: Partial<QueueLimits>, defaults: QueueLimits): QueueLimits {
  noOthers(`option of ${name}`, given, LIMITS);
  return {
    maxEvents: integerInRange(`${name}.maxEvents`, given.maxEvents ?? defaults.maxEvents),
    maxBytes: integerInRange(`${name}.maxBytes`, given.maxBytes ?? defaults.maxBytes),
  };
}

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
export function normalizeEdge(options: EdgeOptions): NormalizedEdge {
  noOthers("option of the edge", options, OPTIONS);
  const backends = [options.backend].flat();
  if (backends.length === 0) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "backend takes a URL or a list of them; the list is empty");
  }
  if (options.secret === "") {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      "secret is empty: it is that of the workers, SOCKETIO_BRIDGE_SECRET",
    );
  }
  return {
    urls: backends.map(endpointOf),
    secret: options.secret,
    ca: options.ca,
    isConcurrent: selection("concurrent", options.concurrent),
    isRepeatable: selection("repeatable", options.repeatable),
    timeout: integerInRange("timeout", options.timeout ?? 60_000, 1, LONGEST_TIMER_MS),
    maxCalls: integerInRange("maxCalls", options.maxCalls ?? 64),
    maxWait: integerInRange("maxWait", options.maxWait ?? 30_000, 1, LONGEST_TIMER_MS),
    clientQueue: normalizeLimits("clientQueue", options.clientQueue ?? {}, { maxEvents: 1_000, maxBytes: 4 * MIB }),
    queue: normalizeLimits("queue", options.queue ?? {}, { maxEvents: 100_000, maxBytes: 64 * MIB }),
    isTrustedProxy: proxyCheck(options.trustProxy ?? []),
    maxAnswer: integerInRange("maxAnswer", options.maxAnswer ?? 16 * MIB),
    logger: normalizeLogger(options.logger),
  };
}

function endpointOf(backend: string): URL {
  const url = URL.canParse(backend) ? new URL(backend) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new BridgeError("BRIDGE_INVALID_URL", `the backend ${JSON.stringify(backend)} is not an http or https URL`);
  }
  return url.pathname === "/" ? new URL(PATH, url) : url;
}
