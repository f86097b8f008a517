import type { Redis } from "ioredis";
import { silence } from "./quiet.js";
import { guardReplies } from "./reply-guard.js";
import { guardSockets } from "./sockets.js";
import type { RedisOptions } from "./url.js";

/** How ioredis words what one Sentinel did. */
const UNREACHABLE = /^failed to connect to sentinel (\S+) because (.*)$/s;

/** How it words that it has asked the last of them. */
const ALL_ASKED = "All sentinels are unreachable";

/** The part of ioredis that asks Sentinels, each over a client of its own. */
interface SentinelConnector {
  connectToSentinel?(endpoint: { readonly host?: string; readonly port?: number }, options?: RedisOptions): Redis;
}

/** @internal Why Sentinels do not help one connection to find the master. */
export interface SentinelWatch {
  readonly options: RedisOptions;
  watch(connection: Redis): void;
  /** @returns what to say of an error of the connection; `undefined` if that is nothing new */
  reasonOf(error: Error): string | undefined;
}

/**
 * @internal ioredis goes from one Sentinel to the next, and after the last one it does not start again by itself.
 *
 * @param ending - aborted when nobody is to be asked any more: ioredis would wait for the one that it is asking
 */
export function sentinelWatch(ending: AbortSignal): SentinelWatch {
  const reasons = new Set<string>();
  /** By address: what happened to the client, which ioredis passes on as a connection that is closed. */
  const causes = new Map<string, string>();

  function watchClients(connector: SentinelConnector): void {
    const connect = connector.connectToSentinel?.bind(connector);
    if (connect !== undefined) {
      connector.connectToSentinel = (endpoint, options) => {
        // Connects when it is guarded.
        const ours = { ...options, lazyConnect: true, disconnectTimeout: 0 };
        const client = guardReplies(guardSockets(silence(connect(endpoint, ours))));
        client.on("error", ({ message }: Error) => {
          causes.set(`${endpoint.host}:${endpoint.port}`, message);
        });
        const end = () => client.disconnect();
        ending.addEventListener("abort", end, { once: true });
        client.once("end", () => ending.removeEventListener("abort", end));
        if (options?.lazyConnect !== true) {
          client.connect().catch(() => {});
        }
        return client;
      };
    }
  }

  return {
    // Nobody was asked if the one that helped the last time was the last one: then it starts again at once.
    options: { sentinelRetryStrategy: (attempt) => (attempt === 1 && reasons.size === 0 ? 0 : null) },
    watch: (connection) => {
      const { connector, options } = connection as unknown as { connector?: SentinelConnector } & Pick<
        Redis,
        "options"
      >;
      watchClients(connector ?? {});
      connection.on("sentinelError", ({ message }: Error) => {
        const [, at = "", reason = message] = UNREACHABLE.exec(message) ?? [];
        const isUnknown = reason.includes("No such master") || reason.endsWith("invalid reply: null");
        const shown = isUnknown ? `it knows no master "${options.name}"` : (causes.get(at) ?? reason);
        reasons.add(at === "" ? shown : `Sentinel at ${at}: ${shown}`);
        causes.clear();
      });
    },
    reasonOf: ({ message }) => {
      if (!message.startsWith(ALL_ASKED)) {
        return message;
      }
      const all = [...reasons].join("; ");
      reasons.clear();
      return all === "" ? undefined : all;
    },
  };
}
