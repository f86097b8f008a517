import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { generate } from "selfsigned";
import { launchRedis, startRedis, startSentinel } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testEarlyClose } from "../contracts/connections/early-close.js";
import { testUnreachable } from "../contracts/connections/unreachable.js";
import { openBus } from "../helpers/open-bus.js";
import { startProcess, startScript } from "../helpers/process.js";
import { startProxy } from "../helpers/proxy.js";
import { moduleUrl } from "../helpers/run-from.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const test = testWithBroker(launchRedis);

const NOWHERE = "no-such-host.invalid";

testUnreachable(test, [
  {
    title: "Sentinels that are down",
    makeUrl: async () => `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}/0/m`,
    reasons: [
      /^Redis at 127.*: Sentinel at 127.*:\d+: connect ECONNREFUSED .*; Sentinel at 127.*: connect ECONNREFUSED/,
    ],
  },
  {
    title: "a Sentinel that does not exist",
    makeUrl: () => `redis+sentinel://${NOWHERE}:26379/0/m`,
    reasons: [/Sentinel at no-such-host.invalid:26379: getaddrinfo /],
  },
  {
    title: "a Sentinel that wants another password",
    makeUrl: async (t) => {
      const port = await startSentinel(t, t.context, "m", ["requirepass hunter2"]);
      return `redis+sentinel://127.0.0.1:${port}/0/m?sentinel_password=hunter3`;
    },
    reasons: [/Sentinel at 127.*: WRONGPASS/],
  },
  {
    title: "a Sentinel that wants a password",
    makeUrl: async (t) =>
      `redis+sentinel://127.0.0.1:${await startSentinel(t, t.context, "m", ["requirepass hunter2"])}/0/m`,
    reasons: [/Sentinel at 127.*: NOAUTH/],
  },
  {
    title: "a Sentinel that does not know the master",
    makeUrl: async (t) => `redis+sentinel://127.0.0.1:${await startSentinel(t, t.context, "m")}/0/other`,
    reasons: [/Sentinel at 127.*:\d+: it knows no master "other"$/],
  },
  {
    title: "a master that wants a password, behind a Sentinel",
    makeUrl: async (t) => {
      const master = await startRedis(t, ["--requirepass", "hunter2"]);
      return `redis+sentinel://127.0.0.1:${await startSentinel(t, master, "m")}/0/m`;
    },
    reasons: [/: NOAUTH/],
  },
]);

test("Sentinels that come back are asked again, and nothing is lost", async (t) => {
  const proxy = await startProxy(t, await startSentinel(t, t.context, "m"));
  await proxy.cut();
  const { bus, listen, next } = openBus(t, redisBus({ url: `redis+sentinel://127.0.0.1:${proxy.port}/0/m` }));
  const channel = ownChannel();
  const [third, ready] = [next("reconnecting", ({ attempt }) => attempt === 3), next("ready")];
  const listening = listen(channel);
  const published = bus.publish(channel, "hello");
  await third;
  await proxy.restore();
  await ready;
  await published;
  const inbox = await listening;
  await bus.publish(channel, "the end");
  await inbox.find("the end", (text) => text === "the end");
  t.true(inbox.items.length <= 2);
});

/** A master and its Sentinel, each with TLS and with a password of its own. */
async function startSecured(t: ExecutionContext) {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  const directory = temporaryDirectory(t);
  const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const files = [certFile, keyFile];
  const tls = [
    `tls-cert-file ${certFile}`,
    `tls-key-file ${keyFile}`,
    `tls-ca-cert-file ${certFile}`,
    "tls-auth-clients no",
  ];
  const port = await freePort();
  const args = [`tls-port ${port}`, ...tls, "requirepass ofTheMaster"].flatMap((line) => `--${line}`.split(" "));
  const master = await startRedis(t, args, files);
  const login = ["requirepass ofSentinels", "sentinel auth-pass m ofTheMaster", "tls-replication yes"];
  const sentinel = await startSentinel(t, { port }, "m", [...login, ...tls], files);
  return { authority: certFile, master, masterTlsPort: port, sentinel };
}

test("Sentinel and master, each with TLS and a password of its own, by one URL for Node and Python", async (t) => {
  const { authority, master, sentinel } = await startSecured(t);
  const query = new URLSearchParams({
    ssl: "true",
    ssl_ca_certs: authority,
    sentinel_password: "ofSentinels",
    sentinel_ssl: "true",
    sentinel_ssl_ca_certs: authority,
  });
  const url = `redis+sentinel://:ofTheMaster@127.0.0.1:${sentinel}/0/m?${query}`;
  const plain = openBus(t, redisBus({ url: master.url.replace("://", "://:ofTheMaster@") }));
  const secured = openBus(t, redisBus({ url }));
  const channel = ownChannel();
  const [onPlain, onSecured] = [await plain.listen(channel), await secured.listen(channel)];
  await secured.bus.publish(channel, "from Node");
  await onPlain.find("from Node", (text) => text === "from Node");
  // What docs/brokers.md says that Python needs beside the URL.
  const script = `
import sys, socketio
url, channel, authority = sys.argv[1:]
tls = {"ssl": True, "ssl_ca_certs": authority}
options = {**tls, "sentinel_kwargs": {**tls, "password": "ofSentinels"}}
socketio.RedisManager(url, channel=channel, write_only=True, redis_options=options).emit("from Python", 1)
`;
  const python = startProcess(t, testEnvironment().python, ["-c", script, url, channel, authority]);
  t.is(await python.exited(), 0, python.stderr.items.join("\n"));
  await onSecured.find("from Python", (text) => text.includes('"from Python"'));
  t.deepEqual(secured.errors(), []);
});

test("a Sentinel or a master that speaks TLS, and whose authority is not named, is one error that says so", async (t) => {
  const { authority, sentinel } = await startSecured(t);
  const open = (query: string) =>
    openBus(
      t,
      redisBus({
        url: `redis+sentinel://:ofTheMaster@127.0.0.1:${sentinel}/0/m?sentinel_password=ofSentinels&${query}`,
      }),
    );
  for (const [query, reason] of [
    ["sentinel_ssl=true", /Sentinel at 127.*: self-signed certificate$/],
    [
      `sentinel_ssl=true&sentinel_ssl_ca_certs=${authority}&ssl=true`,
      /^Redis at 127[^:]*:\d+: self-signed certificate$/,
    ],
  ] as const) {
    const { bus, next, errors } = open(query);
    bus.publish(ownChannel(), "x").catch(() => {});
    await next("reconnecting", ({ attempt }) => attempt === 4);
    t.is(errors().length, 1, errors().join("\n"));
    t.regex(errors()[0] ?? "", reason);
  }
});

testEarlyClose(test, [
  {
    title: "a Redis whose certificate is refused",
    makeUrl: async (t) => `rediss://127.0.0.1:${(await startSecured(t)).masterTlsPort}`,
  },
  {
    title: "a Sentinel whose certificate is refused",
    makeUrl: async (t) => `redis+sentinel://127.0.0.1:${(await startSecured(t)).sentinel}/0/m?sentinel_ssl=true`,
  },
  {
    title: "a master whose certificate is refused, behind a Sentinel",
    makeUrl: async (t) => {
      const { authority, sentinel } = await startSecured(t);
      const query = new URLSearchParams({
        ssl: "true",
        sentinel_password: "ofSentinels",
        sentinel_ssl: "true",
        sentinel_ssl_ca_certs: authority,
      });
      return `redis+sentinel://127.0.0.1:${sentinel}/0/m?${query}`;
    },
  },
]);

/** Whatever ioredis would print of. */
const unusual = (redis: number, sentinel: number): readonly object[] => [
  { sentinels: [{ host: "127.0.0.1", port: 1 }], name: "m" },
  { host: NOWHERE },
  // A password that nobody wants, in RESP2.
  { port: redis, password: "hunter2", protocol: 2 },
  { sentinels: [{ host: "127.0.0.1", port: sentinel }], name: "m", sentinelPassword: "hunter2", protocol: 2 },
  { port: redis, replyMapping: "resp3" },
  // A user who may not ask for INFO.
  { port: redis, username: "bob", password: "pw" },
  // Sentinels that are watched, and one of them is down.
  { sentinels: [sentinel, 1].map((port) => ({ host: "127.0.0.1", port })), name: "m", failoverDetector: true },
];

test("with logger: false nothing is printed, whatever ioredis has to say", async (t) => {
  const admin = new Redis(t.context.url);
  cleanUp(t, () => admin.disconnect());
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "-info", "allchannels");
  const all = unusual(t.context.port, await startSentinel(t, t.context, "m"));
  const program = startScript(
    t,
    `const { createAdapter } = await import(${JSON.stringify(moduleUrl("src/index.ts").href)});
    const { Redis } = await import("ioredis");
    const { Server } = await import("socket.io");
    await Promise.all(${JSON.stringify(all)}.map(async (options) => {
      const client = new Redis({ host: "127.0.0.1", ...options, lazyConnect: true });
      const adapter = createAdapter(client, { logger: false, channel: ${JSON.stringify(ownChannel())}, heartbeatInterval: 100 });
      const io = new Server(0, { adapter });
      await new Promise((resolve) => adapter.onStatus(({ type, attempt }) => {
        if (attempt === 2 || type === "healthy") resolve();
      }));
      await io.close();
    }));`,
  );
  t.is(await program.exited(), 0);
  t.deepEqual([...program.stdout.items, ...program.stderr.items], []);
});
