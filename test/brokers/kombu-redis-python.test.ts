import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { generate } from "selfsigned";
import { launchRedis, startRedis, startSentinel, type TestRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { kombuRedisBus } from "../../src/bus/kombu/kombu-redis-bus.js";
import { createEmitter } from "../../src/emitter/create-emitter.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { startPythonProgram } from "../../src/testing/python.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { forwardTo } from "../helpers/forward.js";
import { startNodeHost } from "../helpers/node-host.js";
import { nextStatus } from "../helpers/open-bus.js";
import { startPeer, testPython } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const test = testWithBroker(launchRedis);

const { python: today, pythonWithOldKombu: kombu52 } = testEnvironment();

/** Kombu as today's Celery and as Celery 5.2 brings it. */
const RELEASES = [["Kombu 5.7", today] as const, ...(kombu52 ? [["Kombu 5.2", kombu52] as const] : [])];

function admin(t: ExecutionContext, { url }: TestRedis, db = 0): Redis {
  const redis = new Redis(`${url}/${db}`);
  cleanUp(t, () => redis.disconnect());
  return redis;
}

/** A consumer of Kombu's on a channel; ready when this resolves. */
async function startReader(t: ExecutionContext, python: string, url: string, channel: string, options = {}) {
  const args = [url, channel, JSON.stringify(options)];
  const reader = startPythonProgram(testPython(python), "../test/fixtures/kombu_reader.py", args);
  cleanUp(t, () => reader.end());
  await reader.event("ready");
  return reader;
}

/** Kombu and we take the same URL. */
async function assertRead(t: ExecutionContext, url: string): Promise<void> {
  const channel = ownChannel();
  const reader = await startReader(t, today, url, channel);
  const bus = kombuRedisBus({ url: `kombu+${url}` });
  cleanUp(t, () => bus.close());
  await bus.publish(channel, "hello");
  t.is((await reader.event("message")).payload, "hello");
}

for (const [release, python] of RELEASES) {
  test.serial(`${release}: events and acknowledgements, both ways`, async (t) => {
    const [channel, queue] = [ownChannel(), `kombu+${t.context.url}`];
    const node = await startNodeHost(t, queue, { channel });
    const peer = await startPeer(t, "threaded", queue, channel, { python });
    const [onNode, onPython] = [await connectClient(t, node.url), await connectClient(t, peer.url)];
    node.io.emit("from Node", { a: "žluť 🐍" }, Buffer.from([0, 255]));
    await peer.request("emit", { event: "from Python", data: { a: "žluť 🐍", b: Buffer.from([0, 255]) } });
    await onPython.find(["from Node", { a: "žluť 🐍" }, Buffer.from([0, 255])]);
    await onNode.find(["from Python", { a: "žluť 🐍", b: Buffer.from([0, 255]) }]);
    await onNode.acknowledgeWith(42);
    t.is(await peer.request("call", { event: "ask", to: onNode.sid, timeout: 10 }), 42);
    await onPython.acknowledgeWith(43);
    t.deepEqual(await node.io.timeout(10_000).to(onPython.sid).emitWithAck("ask"), [43]);
    t.deepEqual(node.rejections.items, []);
  });

  test.serial(
    `${release}: a message of ours is to Kombu as one of its own, put back into its queue as well`,
    async (t) => {
      const channel = ownChannel();
      const reader = await startReader(t, python, t.context.url, channel);
      const bus = kombuRedisBus({ url: t.context.url });
      cleanUp(t, () => bus.close());
      const writer = await startPeer(t, "write-only", `kombu+${t.context.url}`, channel, { python });
      await writer.request("emit", { event: "x" });
      await bus.publish(channel, "{}");
      await bus.publish(channel, Buffer.from([0x81, 0xa1, 0x61, 0xc0]));
      await reader.event("message", ({ requeued }) => requeued === 3);
      const [theirs, ours, bytes] = reader.lines.items
        .filter(({ event }) => event === "message")
        .map(({ payload, requeued, ...seen }) => seen);
      t.deepEqual(ours, theirs);
      t.deepEqual(bytes, {
        ...theirs,
        type: "bytes",
        content_type: "application/data",
        content_encoding: "binary",
      });
    },
  );

  test.serial(`${release}: what Kombu keeps in Redis is unaffected, and its listener never fails`, async (t) => {
    const redis = await startRedis(t);
    const [channel, queue] = [ownChannel(), `kombu+${redis.url}`];
    const client = admin(t, redis);
    const peer = await startPeer(t, "threaded", queue, channel, { python });
    const onPython = await connectClient(t, peer.url);
    const before = {
      keys: (await client.keys("*")).sort(),
      bindings: await client.smembers(`_kombu.binding.${channel}`),
    };
    t.is(before.bindings.length, 1);
    const node = await startNodeHost(t, queue, { channel, heartbeatInterval: 100 });
    const onNode = await connectClient(t, node.url);
    for (const number of Array(200).keys()) {
      node.io.emit("number", number);
    }
    await nextStatus(node, "healthy");
    await nextStatus(node, "healthy");
    node.io.emit("the end");
    t.is((await onPython.until("the end")).length, 200);
    await peer.request("emit", { event: "the end" });
    await onNode.until("the end");
    // A KombuManager whose listener fails declares another queue, and receives nothing until then.
    t.deepEqual(await client.smembers(`_kombu.binding.${channel}`), before.bindings);
    await node.io.close();
    // Kombu acknowledges a message before it hands it on: when it has handed on the last one, nothing is underway.
    const emitter = createEmitter(queue, { channel });
    cleanUp(t, () => emitter.close());
    await emitter.emit("the very end");
    await onPython.until("the very end");
    t.deepEqual((await client.keys("*")).sort(), before.keys);
  });

  test.serial(`${release}: a write-only manager reaches Node hosts, though nothing is bound in Redis`, async (t) => {
    const redis = await startRedis(t);
    const [channel, queue] = [ownChannel(), `kombu+${redis.url}`];
    const node = await startNodeHost(t, queue, { channel });
    const client = await connectClient(t, node.url);
    const writer = await startPeer(t, "write-only", queue, channel, { python });
    await writer.request("emit", { event: "hello", data: 1 });
    await client.find(["hello", 1]);
    t.is(await admin(t, redis).dbsize(), 0);
  });

  test.serial(`${release}: the prefixes of the transport options`, async (t) => {
    const channel = ownChannel();
    const cases = [
      ["app:/0.", { global_keyprefix: "app:" }],
      ["/mine.", { fanout_prefix: "/mine." }],
      ["app:/mine/0.", { global_keyprefix: "app:", fanout_prefix: "/mine/{db}." }],
      ["", { fanout_prefix: false }],
    ] as const;
    for (const [prefix, options] of cases) {
      const bus = kombuRedisBus({ url: t.context.url, prefix });
      cleanUp(t, () => bus.close());
      const inbox = new Inbox<string>();
      await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
      const reader = await startReader(t, python, t.context.url, channel, options);
      await bus.publish(channel, "hello");
      t.is((await reader.event("message")).payload, "hello");
      // What it prints until it is subscribed.
      t.is(await inbox.find("Kombu's message", () => true), "ready");
    }
  });

  test.serial(`${release}: through Sentinel, which Kombu before 5.4 writes to by another name`, async (t) => {
    const channel = ownChannel();
    const sentinel = await startSentinel(t, t.context, "mymaster");
    const options = { master_name: "mymaster" };
    const reader = await startReader(t, python, `sentinel://127.0.0.1:${sentinel}/2`, channel, options);
    const url = `kombu+redis+sentinel://127.0.0.1:${sentinel}/2/mymaster`;
    const bus = kombuRedisBus({ url, ...(python === kombu52 ? { prefix: "/{db}." } : {}) });
    cleanUp(t, () => bus.close());
    await bus.publish(channel, "hello");
    t.is((await reader.event("message")).payload, "hello");
  });

  test.serial(`${release}: what was emitted while Redis was away waits for the Python host to come back`, async (t) => {
    const redis = await startRedis(t);
    const [channel, queue] = [ownChannel(), `kombu+${redis.url}`];
    const outage = { subscriberGrace: 30_000 };
    const node = await startNodeHost(t, queue, { channel, outage });
    const peer = await startPeer(t, "threaded", queue, channel, { python });
    const client = await connectClient(t, peer.url);
    node.io.emit("before");
    await client.until("before");
    const lost = nextStatus(node, "reconnecting");
    await redis.kill();
    await lost;
    const numbers = [...Array(100).keys()];
    for (const number of numbers) {
      node.io.emit("number", number);
    }
    await redis.start();
    node.io.emit("the end");
    const received = await client.until("the end");
    t.deepEqual(
      received.slice(1),
      numbers.map((number) => ["number", number]),
    );
  });
}

test.serial("a socket file, as Kombu writes it", async (t) => {
  const path = join(temporaryDirectory(t), "redis.sock");
  const listen = await forwardTo(t, t.context, (onSocket) => createServer(onSocket));
  await listen(path);
  await assertRead(t, `redis+socket://${path}?virtual_host=2`);
});

test.serial("TLS, with the options of Kombu in the URL", async (t) => {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const authority = join(temporaryDirectory(t), "ca.pem");
  writeFileSync(authority, cert);
  const port = await freePort();
  const listen = await forwardTo(t, t.context, (onSocket) => createTlsServer({ key, cert }, onSocket));
  await listen(port, "127.0.0.1");
  const url = `rediss://localhost:${port}/1?ssl_cert_reqs=`;
  await assertRead(t, `${url}CERT_NONE`);
  await assertRead(t, `${url}required&ssl_ca_certs=${encodeURIComponent(authority)}`);
});

test.serial("each database is a separate fleet", async (t) => {
  const channel = ownChannel();
  const hosts = await Promise.all(
    ["", "/0", "/1", "/0?db=1"].map((path) => startNodeHost(t, `kombu+${t.context.url}${path}`, { channel })),
  );
  const peer = await startPeer(t, "threaded", `kombu+${t.context.url}/1`, channel);
  const clients = await Promise.all([...hosts, peer].map(({ url }) => connectClient(t, url)));
  hosts[0]?.io.emit("in 0");
  hosts[2]?.io.emit("in 1");
  // The same order to both, had they been in one.
  hosts[0]?.io.emit("end 0");
  hosts[2]?.io.emit("end 1");
  const received = await Promise.all(clients.map((client, index) => client.until(index < 2 ? "end 0" : "end 1")));
  t.deepEqual(received, [[["in 0"]], [["in 0"]], [["in 1"]], [["in 1"]], [["in 1"]]]);
});

test.serial(
  "needs only the rights to publish, to subscribe and to select the database, and none to a key",
  async (t) => {
    const redis = await startRedis(t);
    const rights = ["-@all", "+publish", "+subscribe", "+select", "+info"];
    await admin(t, redis).call(
      "ACL",
      "SETUSER",
      "bob",
      "on",
      ">pw",
      "resetkeys",
      "resetchannels",
      "&/1.allowed",
      "&/1.allowed.node",
      ...rights,
    );
    const url = `kombu+${redis.url}/1`.replace("redis://", "redis://bob:pw@");
    const peer = await startPeer(t, "threaded", `kombu+${redis.url}/1`, "allowed");
    const node = await startNodeHost(t, url, { channel: "allowed" });
    const [onNode, onPython] = [await connectClient(t, node.url), await connectClient(t, peer.url)];
    node.io.emit("from Node");
    await onPython.until("from Node");
    await peer.request("emit", { event: "from Python" });
    await onNode.until("from Python");
    const error = await t.throwsAsync(startNodeHost(t, url, { channel: "forbidden" }));
    t.regex(error?.message ?? "", /Redis refused to subscribe to forbidden: NOPERM/);
  },
);

test.serial("what is not a Kombu message is rejected and counted, and the next one is delivered", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, `kombu+${t.context.url}`, { channel });
  const client = await connectClient(t, node.url);
  const redis = admin(t, t.context);
  const bare = '{"method": "emit", "event": "bare", "data": 1}';
  for (const garbage of ["", "x", bare, '{"body": {}, "properties": {}}', Buffer.from([0x80, 4, 0xff])]) {
    await redis.publish(`/0.${channel}`, garbage);
  }
  await redis.publish(channel, bare);
  node.io.emit("the end");
  t.deepEqual(await client.until("the end"), []);
  t.deepEqual(
    node.rejections.items.map(({ reason }) => reason),
    Array(5).fill("not_object"),
  );
  t.regex(node.rejections.items[2]?.detail ?? "", /not a Kombu message: properties is not an object/);
});
