import { createAdapter as createRedisAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import type { Namespace } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import { type AdapterOptions, createAdapter } from "../../src/index.js";
import type { SystemName } from "./systems.js";

interface Connected {
  /** For `new Server`; undefined for the server's own. */
  readonly adapter?: (namespace: Namespace) => Adapter;
  /** Resolves when it is subscribed. Other adapters do not report that; only a probe that arrives does. */
  ready(): Promise<void>;
}

type Connect = (url: string, channel: string) => Connected;

const bridge =
  (options: AdapterOptions): Connect =>
  (url, channel) => {
    const adapter = createAdapter(url, { channel, logger: false, ...options });
    return { adapter, ready: () => adapter.ready() };
  };

/** As in the documentation of each adapter: two connections of ioredis, one duplicated from the other. */
function withClients(make: (publisher: Redis, subscriber: Redis) => (namespace: Namespace) => Adapter): Connect {
  return (url) => {
    const publisher = new Redis(url);
    const subscriber = publisher.duplicate();
    return { adapter: make(publisher, subscriber), ready: () => Promise.resolve() };
  };
}

export type NodeSystem = Exclude<SystemName, "floor" | "python-async" | "flask">;

export const ADAPTERS: Readonly<Record<NodeSystem, Connect>> = {
  bridge: bridge({}),
  "passthrough-off": bridge({ passthrough: false }),
  "redis-adapter": withClients((publisher, subscriber) => createRedisAdapter(publisher, subscriber)),
  sharded: withClients((publisher, subscriber) => createShardedAdapter(publisher, subscriber)),
  streams: (url) => {
    // It opens its other connections itself.
    const client = new Redis(url);
    return { adapter: createStreamsAdapter(client), ready: () => Promise.resolve() };
  },
  plain: () => ({ ready: () => Promise.resolve() }),
};
