import test from "ava";
import { Redis } from "ioredis";
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import { createClient as createClientV4, createCluster as createClusterV4 } from "redis-v4";
import { redisDatabase } from "../../../src/bus/redis/client.js";
import { credentialsProviderOf, toIoredisOptions } from "../../../src/bus/redis/node-redis.js";
import { redisBus } from "../../../src/bus/redis/redis-bus.js";
import { BridgeError } from "../../../src/errors.js";
import { createAdapter, createEmitter } from "../../../src/index.js";

const at = { host: "h", port: 1 };
const tls = { ca: "a certificate", servername: "redis.example" };

/** What `createClient()` is given, and the same for ioredis. */
const OPTIONS = [
  [{}, {}],
  [{ url: "redis://h:6380" }, { host: "h", port: 6380 }],
  [{ url: "redis://bob:p%40ss@h:1/3" }, { host: "h", port: 1, username: "bob", password: "p@ss", db: 3 }],
  [
    { socket: { host: "h", port: 1, family: 6 }, username: "bob", password: "pw", database: 3, name: "me" },
    { host: "h", port: 1, family: 6, username: "bob", password: "pw", db: 3, connectionName: "me" },
  ],
  [
    { socket: { path: "/run/redis.sock" }, password: "pw" },
    { path: "/run/redis.sock", password: "pw" },
  ],
  [{ url: "rediss://h:1" }, { host: "h", port: 1, tls: {} }],
  [
    { url: "rediss://h:1", socket: tls },
    { host: "h", port: 1, tls },
  ],
  [{ socket: { ...at, tls: true, rejectUnauthorized: false } }, { ...at, tls: { rejectUnauthorized: false } }],
  [{ socket: { ...at, connectTimeout: 1, keepAliveInitialDelay: 1, noDelay: false } }, at],
  [{ socket: { ...at, reconnectStrategy: false } }, at],
  [{ socket: { ...at, reconnectStrategy: 500, tls: true } }, { ...at, tls: {} }],
] as const;

type ClientOptions = Parameters<typeof createClient>[0];

for (const [given, expected] of OPTIONS) {
  test(`options of node-redis are taken over: ${JSON.stringify(given)}`, (t) => {
    // The library writes to what it is given.
    const client = createClient(structuredClone(given) as ClientOptions);
    const old = createClientV4(structuredClone(given) as Parameters<typeof createClientV4>[0]);
    for (const { options } of [client, old]) {
      t.deepEqual(toIoredisOptions(options as object), expected);
    }
  });
}

test("as the retryStrategy of ioredis, the reconnectStrategy of node-redis is ignored", async (t) => {
  const reconnectStrategy = () => t.fail("called");
  const socket = { host: "127.0.0.1", port: 1, reconnectStrategy: reconnectStrategy as unknown as () => number };
  for (const client of [createClient({ socket }), createClientV4({ socket: { ...socket } })]) {
    const emitter = createEmitter(client as object as Redis, { logger: false });
    const reconnecting = new Promise<void>((resolve) => {
      emitter.onStatus(({ type }) => type === "reconnecting" && resolve());
    });
    emitter.emit("hello").catch(() => {});
    await reconnecting;
    await emitter.close();
    t.false(client.isOpen);
  }
});

test("a client of node-redis need not have options", (t) => {
  t.notThrows(() => redisBus({ client: { isOpen: false, options: undefined, duplicate() {} } as object as Redis }));
});

const UNUSABLE = [
  [
    createCluster({ rootNodes: [{ url: "redis://h" }] }),
    "a cluster of node-redis",
    "redis+cluster://host:port,host:port",
  ],
  [
    createClusterV4({ rootNodes: [{ url: "redis://h" }] }),
    "a cluster of node-redis",
    "redis+cluster://host:port,host:port",
  ],
  [
    createSentinel({ name: "m", sentinelRootNodes: [{ host: "h", port: 1 }] }),
    "a Sentinel client of node-redis",
    "redis+sentinel://host:port/db/service",
  ],
  [createClientPool(), "a pool of node-redis", "a client made by createClient()"],
  [{ connection_options: {}, options: {}, duplicate() {} }, "a client of node-redis 3 or older", "a URL"],
] as const;

for (const [client, what, instead] of UNUSABLE) {
  test(`what cannot be taken over is named, and what to pass instead: ${what} (${client.constructor.name})`, (t) => {
    const source = client as unknown as Redis;
    for (const open of [createAdapter, createEmitter, () => redisBus({ client: source })]) {
      const error = t.throws(() => open(source), { instanceOf: BridgeError });
      t.is(error?.code, "BRIDGE_INVALID_OPTION");
      t.true(error?.message.includes(`${what} cannot be taken over: pass ${instead}`), error?.message);
    }
  });
}

const PROVIDERS = [
  [{ type: "async-credentials-provider", credentials: async () => ({ username: "bob", password: "pw" }) }, "bob", "pw"],
  [{ type: "async-credentials-provider", credentials: async () => ({ password: "pw" }) }, "", "pw"],
  [{ type: "async-credentials-provider", credentials: async () => ({ username: "bob" }) }, "", ""],
] as const;

for (const [credentialsProvider, username, password] of PROVIDERS) {
  test(`a credentialsProvider of node-redis is asked: "${username}", "${password}"`, async (t) => {
    const { options } = createClient({ credentialsProvider });
    t.deepEqual(await credentialsProviderOf(options as object)?.(), { username, password });
  });
}

test("a credentialsProvider that streams is left again with its first credentials", async (t) => {
  let subscribers = 0;
  const credentialsProvider = {
    type: "streaming-credentials-provider" as const,
    subscribe: async () => {
      subscribers += 1;
      const dispose = () => {
        subscribers -= 1;
      };
      return [{ username: "bob", password: "pw" }, { dispose }] as never;
    },
    onReAuthenticationError: () => {},
  };
  const { options } = createClient({ credentialsProvider });
  t.deepEqual(await credentialsProviderOf(options as object)?.(), { username: "bob", password: "pw" });
  t.is(subscribers, 0);
});

test("two clients, as for @socket.io/redis-adapter, are an error", (t) => {
  const clients = [new Redis({ lazyConnect: true }), createClient() as object] as const;
  for (const create of [createAdapter, createEmitter]) {
    t.throws(() => create(...clients), {
      code: "BRIDGE_INVALID_OPTION",
      message: "the second argument is a Redis client: pass one client, then options",
    });
  }
});

test("the options of redisBus are a url or a client", (t) => {
  const client = new Redis({ lazyConnect: true });
  for (const options of [{}, { client, url: "redis://h" }]) {
    t.throws(() => redisBus(options), {
      instanceOf: BridgeError,
      message: "a Redis bus takes either a url or a client",
    });
  }
  t.throws(() => redisBus({ client: { duplicate: () => client } }), {
    instanceOf: BridgeError,
    message: "the client is neither a Redis of ioredis nor a client of node-redis: pass a URL",
  });
});

test("the database is known, whatever names it", (t) => {
  t.is(redisDatabase({ url: "redis://h/3" }), 3);
  t.is(redisDatabase({ client: new Redis({ lazyConnect: true, db: 3 }) }), 3);
  t.is(redisDatabase({ client: createClient({ url: "redis://h/3" }) }), 3);
  t.is(redisDatabase({ client: createClientV4({ database: 3 }) }), 3);
  t.is(redisDatabase({ client: createClient() }), 0);
});
