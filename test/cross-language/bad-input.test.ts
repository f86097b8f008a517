import { Redis } from "ioredis";
import { launchRedis, startRedis } from "../../scripts/environment/brokers/redis.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

/** What a stranger may put on the channel of a fleet. */
const GARBAGE: readonly (string | Buffer)[] = [
  "",
  "{",
  "null",
  "[]",
  "{}",
  '{"method": null}',
  '{"method": "no such"}',
  '{"method": "emit"}',
  '{"method": "emit", "event": "e", "data": {"__proto__": {"polluted": true}}}',
  '{"method": "emit", "event": "connect", "data": null}',
  '{"method": "emit", "event": "e", "data": null, "namespace": "/nobody"}',
  '{"method": "emit", "event": "e", "data": [[], "%"], "binary": true}',
  '{"method": "callback", "host_id": "x", "sid": "s", "id": 1, "args": []}',
  '{"method": "close_room"}',
  `{"method": "emit", "event": "e", "data": ${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
  Buffer.from([0x80, 0x04, 0x95, 0x00]),
  Buffer.from([0x81, 0xa1, 0x61, 0x01]),
  Buffer.from([0x82, 0xa1, 0x61, 0x01]),
  Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from([0xff, 0xfe, 0xfd]),
];

test.serial("a Node host survives what a Python host survives, and both receive the next message", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel });
  const python = await startPeer(t, "asgi", t.context.url, channel);
  const [onNode, onPython] = await Promise.all([connectClient(t, node.url), connectClient(t, python.url)]);
  const stranger = new Redis(t.context.url);
  cleanUp(t, () => stranger.disconnect());
  for (const garbage of GARBAGE) {
    t.is(await stranger.publish(channel, garbage), 2);
  }
  await stranger.publish(channel, '{"method": "emit", "event": "good", "data": [1], "namespace": "/"}');
  t.deepEqual(await onNode.until("good"), []);
  await onPython.until("good");
  const { rejected, ignored } = node.adapter.stats();
  t.is(ignored, 3);
  t.is(
    Object.values(rejected).reduce((sum, count) => sum + count, 0),
    GARBAGE.length - 4,
  );
});

test.serial("64 MB through Redis are rejected, and the next message is delivered", async (t) => {
  // Redis itself would cut its subscribers off at 32 MB.
  const redis = await startRedis(t, ["--client-output-buffer-limit", "pubsub 0 0 0"]);
  const channel = ownChannel();
  const node = await startNodeHost(t, redis.url, { channel });
  const client = await connectClient(t, node.url);
  const stranger = new Redis(redis.url);
  cleanUp(t, () => stranger.disconnect());
  const head = '{"method": "emit", "event": "huge", "namespace": "/", "data": "';
  await stranger.publish(channel, `${head}${"x".repeat(64 * 1024 * 1024)}"}`);
  await stranger.publish(channel, '{"method": "emit", "event": "good", "data": [1], "namespace": "/"}');
  t.deepEqual(await client.until("good"), []);
  t.deepEqual(node.adapter.stats().rejected, { too_large: 1 });
});
