import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { inspect } from "node:util";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { generate } from "selfsigned";
import { launchRedis, startRedis, startSentinel, type TestRedis } from "../../scripts/environment/brokers/redis.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { type BusStatus, createEmitter } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { type Account, testCredentials } from "../contracts/connections/credentials.js";
import { testRefusals } from "../contracts/connections/refusals.js";
import { testUnanswered } from "../contracts/connections/unanswered.js";
import { testUnreachable } from "../contracts/connections/unreachable.js";
import { connectClient } from "../helpers/clients.js";
import { forwardTo } from "../helpers/forward.js";
import { startNodeHost } from "../helpers/node-host.js";
import { openBus } from "../helpers/open-bus.js";
import { startCli } from "../helpers/process.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const test = testWithBroker(launchRedis);

/** A user of Redis, who is asked for. */
async function startAccount(t: ExecutionContext<TestRedis>, url: string, password: string): Promise<Account> {
  const admin = new Redis(t.context.url);
  cleanUp(t, () => admin.disconnect());
  const username = ownChannel();
  await admin.call("ACL", "SETUSER", username, "on", `>${password}`, "+@all", "allchannels");
  return {
    url,
    username,
    setPassword: (to) => admin.call("ACL", "SETUSER", username, "resetpass", `>${to}`),
    disconnect: () => admin.call("CLIENT", "KILL", "USER", username),
  };
}

for (const [what, makeUrl] of [
  ["redis://", (t) => t.context.url],
  ["kombu+redis://", (t) => `kombu+${t.context.url}`],
  ["redis+sentinel://", async (t) => `redis+sentinel://127.0.0.1:${await startSentinel(t, t.context, "m")}/0/m`],
] as const satisfies readonly (readonly [string, (t: ExecutionContext<TestRedis>) => string | Promise<string>])[]) {
  testCredentials(test, {
    title: "Redis",
    what,
    refusal: /WRONGPASS/,
    startAccount: async (t, password) => startAccount(t, await makeUrl(t), password),
  });
}

for (const scheme of ["", "kombu+"]) {
  testRefusals(test, {
    what: `${scheme}redis://`,
    refusal: /NOPERM/,
    startRights: async (t, channel) => {
      const admin = new Redis(t.context.url);
      cleanUp(t, () => admin.disconnect());
      const user = ownChannel();
      const set = (...rules: string[]) => admin.call("ACL", "SETUSER", user, ...rules);
      await set("on", ">pw", "+@all", "resetchannels");
      return {
        url: `${scheme}${t.context.url.replace("redis://", `redis://${user}:pw@`)}`,
        grant: () => set(`&*${channel}`, `&*${channel}.node`),
        // Redis ends the connections of a user who loses a channel.
        revoke: () => set("resetchannels"),
      };
    },
  });
}

for (const scheme of ["", "kombu+"]) {
  testUnanswered(test, {
    what: `${scheme}redis://`,
    makeUrl: (_, port) => `${scheme}redis://127.0.0.1:${port}`,
    isAnswer: (bytes) => bytes.includes("\r\nsubscribe\r\n"),
    reason: /^Redis at 127.*:\d+ does not answer SUBSCRIBE to ".*" within 10 s$/,
  });
}

testUnreachable(test, [
  {
    title: "a Redis that is down",
    makeUrl: async () => `redis://127.0.0.1:${await freePort()}`,
    reasons: [/^Redis at 127.*: connect ECONNREFUSED/],
  },
  {
    title: "a Redis whose name does not exist",
    makeUrl: () => "redis://no-such-host.invalid",
    reasons: [/^Redis at no-such-host.invalid:6379: getaddrinfo /],
  },
  {
    title: "a Redis that Kombu uses",
    makeUrl: async () => `kombu+redis://127.0.0.1:${await freePort()}`,
    reasons: [/^Redis at 127.*: connect ECONNREFUSED/],
  },
]);

/** An emit over the URL reaches a host on the plain one, and the other way round. */
async function assertBothWays(
  t: ExecutionContext,
  url: string,
  plainUrl: string,
  channel = ownChannel(),
): Promise<void> {
  const plain = await startNodeHost(t, plainUrl, { channel });
  const host = await startNodeHost(t, url, { channel });
  const [onPlain, onHost] = await Promise.all([connectClient(t, plain.url), connectClient(t, host.url)]);
  host.io.emit("from the URL");
  plain.io.emit("from the plain one");
  await onPlain.until("from the URL");
  await onHost.until("from the plain one");
  t.pass();
}

test("valkey:// is Redis by another name", async (t) => {
  await assertBothWays(t, t.context.url.replace("redis:", "valkey:"), t.context.url);
});

test("a database number does not matter to pub/sub", async (t) => {
  await assertBothWays(t, `${t.context.url}/3`, t.context.url);
});

test("unix:// goes over a socket file", async (t) => {
  const path = join(temporaryDirectory(t), "redis.sock");
  const listen = await forwardTo(t, t.context, (onSocket) => createServer(onSocket));
  await listen(path);
  await assertBothWays(t, `unix://${path}`, t.context.url);
});

for (const scheme of ["rediss", "valkeys"]) {
  test(`${scheme}:// checks the certificate, against the authority of ssl_ca_certs or not at all`, async (t) => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
    });
    const port = await freePort();
    const listen = await forwardTo(t, t.context, (onSocket) => createTlsServer({ key, cert }, onSocket));
    await listen(port, "127.0.0.1");
    const authority = join(temporaryDirectory(t), "ca.pem");
    writeFileSync(authority, cert);
    const url = `${scheme}://localhost:${port}`;
    await assertBothWays(t, `${url}?ssl_ca_certs=${encodeURIComponent(authority)}`, t.context.url);
    await assertBothWays(t, `${url}?ssl_cert_reqs=none`, t.context.url);

    const statuses = new Inbox<BusStatus>();
    const refused = createEmitter(url, { logger: false, outage: { maxAge: 1_500 } });
    cleanUp(t, () => refused.close());
    refused.onStatus((status) => statuses.add(status));
    await t.throwsAsync(refused.emit("x"), { message: /dropped: age/ });
    const error = await statuses.find("the error", ({ type }) => type === "error");
    t.regex(error.type === "error" ? error.error.message : "", /localhost:\d+: self-signed certificate/);
  });
}

for (const scheme of ["redis+sentinel", "valkey+sentinel"]) {
  test(`${scheme}:// finds the master, by its name or by the channel's`, async (t) => {
    const channel = ownChannel();
    const sentinel = await startSentinel(t, t.context, "mymaster");
    const namedAfterChannel = await startSentinel(t, t.context, channel);
    await assertBothWays(t, `${scheme}://127.0.0.1:${sentinel}/0/mymaster`, t.context.url);
    await assertBothWays(t, `${scheme}://127.0.0.1:${namedAfterChannel}`, t.context.url, channel);
  });
}

test("a client that is passed in is neither used nor closed", async (t) => {
  const client = new Redis(t.context.url, { lazyConnect: true });
  cleanUp(t, () => client.disconnect());
  const channel = ownChannel();
  const emitter = createEmitter(redisBus({ client }), { channel });
  await emitter.emit("hello");
  await emitter.close();
  t.is(client.status, "wait");
  t.is(await client.ping(), "PONG");
});

test("adapter and emitter take a client as it is: of ioredis or node-redis, connected or not, one for several", async (t) => {
  const { port } = await startRedis(t, ["--requirepass", "hunter2"]);
  const url = `redis://:hunter2@127.0.0.1:${port}/2`;
  const channel = ownChannel();
  const [ioredis, nodeRedis] = [new Redis(url, { lazyConnect: true }), await createClient({ url }).connect()];
  cleanUp(t, () => ioredis.disconnect());
  cleanUp(t, () => nodeRedis.close());
  for (const client of [ioredis, nodeRedis]) {
    const host = await startNodeHost(t, client, { channel });
    const onHost = await connectClient(t, host.url);
    const emitter = createEmitter(client, { channel });
    await emitter.emit("hello");
    await onHost.until("hello");
    await emitter.close();
    await host.io.close();
  }
  t.is(ioredis.status, "wait");
  t.is(await ioredis.ping(), "PONG");
  t.is(await nodeRedis.ping(), "PONG");
});

test("a password is used, and a wrong one gives one error that names the host and not the password", async (t) => {
  const redis = await startRedis(t, ["--requirepass", "hunter2"]);
  const withPassword = redis.url.replace("redis://", "redis://:hunter2@");
  await assertBothWays(t, withPassword, withPassword);

  const lines: string[] = [];
  const logger = { info: () => {}, warn: (line: string) => lines.push(line) };
  const emitter = createEmitter(redis.url.replace("redis://", "redis://:letmein@"), {
    logger,
    outage: { maxAge: 1_500 },
  });
  cleanUp(t, () => emitter.close());
  await t.throwsAsync(emitter.emit("x"), { message: /dropped: age/ });
  t.is(lines.length, 3, "the error, the next attempt, and the message that was given up for it");
  t.regex(lines[0] ?? "", new RegExp(`Redis at 127.0.0.1:${redis.port}: .*(WRONGPASS|NOAUTH|invalid)`, "i"));
  t.notRegex(lines.join("\n"), /letmein|hunter2/);
});

test("an unreachable host gives one error that names it, however often it is tried", async (t) => {
  const port = await freePort();
  const lines: string[] = [];
  const logger = { info: () => {}, warn: (line: string) => lines.push(line) };
  const emitter = createEmitter(`redis://127.0.0.1:${port}`, { logger, outage: { maxAge: 4_000 } });
  cleanUp(t, () => emitter.close());
  const attempts: BusStatus[] = [];
  emitter.onStatus((status) => status.type === "reconnecting" && attempts.push(status));
  await t.throwsAsync(emitter.emit("x"), { message: /dropped: age/ });
  t.true(attempts.length > 1);
  t.deepEqual(lines, [
    `[socketio-python-bridge] Redis at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    "[socketio-python-bridge] no connection to the broker; trying again",
    "[socketio-python-bridge] messages dropped: 1 (age)",
  ]);
});

test("a Redis that takes no more clients is one error that says so, and is used when it takes some", async (t) => {
  const redis = await startRedis(t);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  await admin.config("SET", "maxclients", "1");
  const { bus, errors, next } = openBus(t, redisBus({ url: redis.url }));
  const published = bus.publish("c", "x");
  await next("reconnecting", ({ attempt }) => attempt === 6);
  t.deepEqual(errors(), [`Redis at 127.0.0.1:${redis.port}: ERR max number of clients reached`]);
  await admin.config("SET", "maxclients", "100");
  await published;
});

test("a user without the right to subscribe or publish to the channel gets an error", async (t) => {
  const redis = await startRedis(t);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  // What docs/operate.md says is enough.
  const rights = ["-@all", "+publish", "+subscribe", "+pubsub", "+info"];
  await admin.call(
    "ACL",
    "SETUSER",
    "bob",
    "on",
    ">pw",
    "resetkeys",
    "resetchannels",
    "&allowed",
    "&allowed.node",
    ...rights,
  );
  const url = redis.url.replace("redis://", "redis://bob:pw@");
  await assertBothWays(t, url, redis.url, "allowed");
  const error = await t.throwsAsync(startNodeHost(t, url, { channel: "forbidden" }));
  t.regex(error?.message ?? "", /Redis refused to subscribe to forbidden: NOPERM/);
  const emitter = createEmitter(url, { channel: "forbidden", logger: false });
  cleanUp(t, () => emitter.close());
  await t.throwsAsync(emitter.emit("x"), { message: /Redis refused to publish to "forbidden": NOPERM/ });
});

test("serve and emit end with 1 and the reason where Redis refuses the channel", async (t) => {
  const redis = await startRedis(t);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "resetchannels");
  const queue = redis.url.replace("redis://", "redis://bob:pw@");
  for (const args of [
    ["serve", "--port", "0"],
    ["emit", "hello"],
  ]) {
    const command = startCli(t, [...args, "--queue", queue]);
    t.is(await command.exited(), 1);
    t.regex(command.stderr.items.at(-1) ?? "", /^socketio-python-bridge: Redis refused to .*socketio.*: NOPERM/);
    t.notRegex(command.stdout.items.join("\n"), /ready/);
  }
});

test("of several channels a forbidden one does not silence the others", async (t) => {
  const redis = await startRedis(t);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "resetchannels", "&allowed");
  const bus = redisBus({ url: redis.url.replace("redis://", "redis://bob:pw@") });
  cleanUp(t, () => bus.close());
  const inbox = new Inbox<string>();
  const allowed = bus.subscribe("allowed", (payload) => inbox.add(Buffer.from(payload).toString()));
  await t.throwsAsync(
    bus.subscribe("forbidden", () => {}),
    { message: /NOPERM/ },
  );
  await allowed;
  await bus.publish("allowed", "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test("a right that is revoked and granted again is used again", async (t) => {
  const redis = await startRedis(t);
  const admin = new Redis(redis.url);
  cleanUp(t, () => admin.disconnect());
  await admin.call("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "resetchannels", "&c");
  const bus = redisBus({ url: redis.url.replace("redis://", "redis://bob:pw@") });
  cleanUp(t, () => bus.close());
  const [inbox, statuses] = [new Inbox<string>(), new Inbox<BusStatus>()];
  bus.onStatus((status) => statuses.add(status));
  await bus.subscribe("c", (payload) => inbox.add(Buffer.from(payload).toString()));
  // Redis ends the connections of a user who loses a channel.
  await admin.call("ACL", "SETUSER", "bob", "resetchannels");
  await statuses.find(
    "the refusal",
    (status) => status.type === "error" && /refused to subscribe/.test(status.error.message),
  );
  await admin.call("ACL", "SETUSER", "bob", "&c");
  while ((await admin.publish("c", "hello")) === 0);
  t.is(await inbox.find("the message", () => true), "hello");
});

test("a password is in no error, not even in its cause", async (t) => {
  const redis = await startRedis(t, ["--requirepass", "hunter2"]);
  const bus = redisBus({ url: redis.url.replace("redis://", "redis://:letmein@"), outage: { maxAge: 1_500 } });
  cleanUp(t, () => bus.close());
  const statuses = new Inbox<BusStatus>();
  bus.onStatus((status) => statuses.add(status));
  await t.throwsAsync(bus.publish("c", "a secret payload"));
  t.true(statuses.items.some(({ type }) => type === "error"));
  t.notRegex(inspect(statuses.items, { depth: 10 }), /letmein|hunter2|secret payload/);
});

test("a client of another copy of ioredis is a client", async (t) => {
  const client = new Redis(t.context.url, { lazyConnect: true });
  cleanUp(t, () => client.disconnect());
  const foreign = { options: client.options, duplicate: (options: object) => client.duplicate(options) };
  const bus = redisBus({ client: foreign as unknown as Redis });
  cleanUp(t, () => bus.close());
  await bus.publish(ownChannel(), "hello");
  t.pass();
});

test("close() does not wait for a Sentinel that does not answer", async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", () => resolve()));
  cleanUp(t, () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    silent.close();
  });
  const { port } = silent.address() as { port: number };
  const emitter = createEmitter(`redis+sentinel://127.0.0.1:${port}/0/m`, { logger: false });
  void emitter.emit("x");
  await once(silent, "connection");
  await emitter.close();
  t.pass();
});
