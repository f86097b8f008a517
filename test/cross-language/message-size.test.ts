import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { createEmitter } from "../../src/index.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** As installed: a subscriber for which 32 MiB are waiting is disconnected. */
const test = testWithBroker(launchRedis);

const MIB = 1024 * 1024;
const TOO_LARGE = { code: "BRIDGE_INVALID_ARGUMENT", message: /bytes; maxMessageSize is 16777216$/ };

for (const [broker, urlOf] of [
  ["Redis", (url: string) => url],
  ["Kombu over Redis", (url: string) => `kombu+${url}/0`],
] as const) {
  test.serial(`33 MiB from Node cut off no subscriber of ${broker}, and the largest event arrives`, async (t) => {
    const [channel, url] = [ownChannel(), urlOf(t.context.url)];
    const nodes = await Promise.all([startNodeHost(t, url, { channel }), startNodeHost(t, url, { channel })]);
    const python = await startPeer(t, "threaded", url, channel);
    const emitter = createEmitter(url, { channel, logger: false });
    cleanUp(t, () => emitter.close());
    const clients = await Promise.all([...nodes, python].map((host) => connectClient(t, host.url)));
    const redis = new Redis(t.context.url);
    cleanUp(t, () => redis.disconnect());
    const subscribers = async () => {
      const list = String(await redis.call("CLIENT", "LIST", "TYPE", "pubsub"));
      return list.match(/\bid=\d+/g)?.sort();
    };
    const [{ io }] = nodes;

    io.emit("before");
    await Promise.all(clients.map((client) => client.until("before")));
    const before = await subscribers();
    t.true((before?.length ?? 0) >= 3);
    io.emit("huge", "x".repeat(33 * MIB));
    await t.throwsAsync(emitter.emit("huge", "x".repeat(33 * MIB)), TOO_LARGE);
    const largest = "x".repeat(16 * MIB - 500);
    io.emit("largest", largest);
    await Promise.all(clients.map((client) => client.find(["largest", largest])));
    await emitter.emit("largest", largest);
    await emitter.emit("the end");
    for (const client of clients) {
      const events = await client.until("the end");
      t.deepEqual(
        events.map(([event]) => event),
        ["before", "largest", "largest"],
      );
    }
    t.deepEqual(await subscribers(), before);
    t.deepEqual(
      nodes.map(({ rejections, adapter }) => [rejections.items.length, adapter.stats().dropped]),
      [
        [0, 1],
        [0, 0],
      ],
    );
  });
}
