import { once } from "node:events";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { onMessages } from "../../src/bus/redis/pubsub-messages.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

function connect(t: ExecutionContext, url: string, protocol: 2 | 3 = 3): Redis {
  const connection = new Redis(url, { lazyConnect: true, protocol });
  cleanUp(t, () => connection.disconnect());
  return connection;
}

type Received = readonly [channel: string, payload: string];

/** What is received, until the payload "end" arrives. */
function listen(connection: Redis) {
  const inbox = new Inbox<Received>();
  onMessages(connection, (channel, payload) => inbox.add([channel, payload.toString()]));
  const end = () => inbox.find("the end", ([, payload]) => payload === "end");
  return { inbox, end };
}

for (const protocol of [2, 3] as const) {
  test(`in RESP${protocol}, messages bypass ioredis, which gets every reply`, async (t) => {
    const [channel, pattern] = [ownChannel(), ownChannel()];
    const publisher = connect(t, t.context.url);
    const connection = connect(t, t.context.url, protocol);
    const { inbox, end } = listen(connection);
    connection.on("messageBuffer", () => t.fail());
    const matched: string[] = [];
    connection.on("pmessage", (_, name: string, payload: string) => matched.push(`${name} ${payload}`));
    await connection.connect();
    t.is(await connection.subscribe(channel), 1);
    t.is(await connection.psubscribe(`${pattern}*`), 2);
    const payloads = ["", "short", "x".repeat(1_000_000), "\r\n$1\r\n", "end"];
    for (const payload of payloads) {
      await publisher.publish(pattern, payload);
      await publisher.publish(channel, payload);
    }
    await end();
    t.deepEqual(
      inbox.items,
      payloads.map((payload) => [channel, payload]),
    );
    t.deepEqual(
      matched,
      payloads.map((payload) => `${pattern} ${payload}`),
    );
    t.is(await connection.unsubscribe(channel), 1);
  });
}

test("messages of a socket that was open already come by the event of ioredis; those of the next one bypass it", async (t) => {
  const channel = ownChannel();
  const publisher = connect(t, t.context.url);
  const connection = connect(t, t.context.url);
  await connection.connect();
  const { inbox, end } = listen(connection);
  const byEvent: string[] = [];
  connection.on("messageBuffer", (_, payload: Buffer) => byEvent.push(String(payload)));
  await connection.subscribe(channel);
  await publisher.publish(channel, "one");
  await inbox.find("the first", ([, payload]) => payload === "one");
  t.deepEqual(byEvent, ["one"]);
  const isReady = once(connection, "ready");
  connection.disconnect(true);
  await isReady;
  await connection.subscribe(channel);
  await publisher.publish(channel, "two");
  await publisher.publish(channel, "end");
  await end();
  t.deepEqual(
    inbox.items,
    ["one", "two", "end"].map((payload) => [channel, payload]),
  );
  t.deepEqual(byEvent, ["one"]);
});
