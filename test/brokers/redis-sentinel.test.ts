import { Redis } from "ioredis";
import { launchRedis, startRedis, startSentinel } from "../../scripts/environment/brokers/redis.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testUnreachable } from "../contracts/connections/unreachable.js";
import { openBus } from "../helpers/open-bus.js";
import { startScript } from "../helpers/process.js";
import { startProxy } from "../helpers/proxy.js";
import { moduleUrl } from "../helpers/run-from.js";
import { testWithBroker } from "../helpers/shared-broker.js";

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
        if (attempt === 4 || type === "healthy") resolve();
      }));
      await io.close();
    }));`,
  );
  t.is(await program.exited(), 0);
  t.deepEqual([...program.stdout.items, ...program.stderr.items], []);
});
