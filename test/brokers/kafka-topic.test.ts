import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes, Producer } from "@platformatic/kafka";
import type { ExecutionContext } from "ava";
import { kafkaAdmin, launchKafka, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { kafkaBus } from "../../src/bus/kafka/kafka-bus.js";
import { BridgeError } from "../../src/errors.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { openBus } from "../helpers/open-bus.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchKafka);

type Context = ExecutionContext<TestKafka>;

const open = (t: Context, heartbeatInterval = 5_000) => openBus(t, kafkaBus({ url: t.context.url, heartbeatInterval }));

/** Somebody else who writes there. */
function openProducer(t: Context, transactionalId?: string): Producer {
  const producer = new Producer({
    clientId: "tests",
    bootstrapBrokers: [`127.0.0.1:${t.context.port}`],
    ...(transactionalId === undefined ? {} : { transactionalId, idempotent: true }),
  });
  cleanUp(t, () => producer.close());
  return producer;
}

test("the broker knows of no group, neither while the bus consumes nor afterwards", async (t) => {
  const admin = kafkaAdmin(t, t.context);
  const { bus, listen } = open(t);
  const channel = ownChannel();
  const inbox = await listen(channel);
  await bus.publish(channel, "hello");
  await inbox.find("hello", () => true);
  t.deepEqual([...(await admin.listGroups()).keys()], []);
  await bus.close();
  t.deepEqual([...(await admin.listGroups()).keys()], []);
});

test("a topic that is missing is created, with one partition", async (t) => {
  const channel = ownChannel();
  await open(t).listen(channel);
  const metadata = await kafkaAdmin(t, t.context).metadata({ topics: [channel] });
  t.is(metadata.topics.get(channel)?.partitionsCount, 1);
});

test("a channel that cannot be a topic is refused, and others are not", async (t) => {
  const { bus, listen } = open(t);
  for (const refused of [bus.subscribe("no topic", () => {}), bus.publish("no topic", "x")]) {
    const error = await t.throwsAsync(refused, { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_BROKER_UNAVAILABLE");
    t.regex(error?.message ?? "", /"no topic".*127\.0\.0\.1:\d+.*INVALID_TOPIC_EXCEPTION/);
  }
  const channel = ownChannel();
  const inbox = await listen(channel);
  await bus.publish(channel, "hello");
  t.is(await inbox.find("hello", () => true), "hello");
});

test("all partitions are read, from the end; the first one is written to, in order", async (t) => {
  const channel = ownChannel();
  await kafkaAdmin(t, t.context).createTopics({ topics: [channel], partitions: 3 });
  const producer = openProducer(t);
  const write = (partition: number, text: string) =>
    producer.send({ messages: [{ topic: channel, partition, value: Buffer.from(text) }] });
  await Promise.all([0, 1, 2].map((partition) => write(partition, "too early")));
  const { bus, listen } = open(t);
  const inbox = await listen(channel);
  for (const partition of [0, 1, 2]) {
    await write(partition, `in ${partition}`);
    await inbox.find(`what is in ${partition}`, (text) => text === `in ${partition}`);
  }
  const sent = Array.from({ length: 500 }, (_, number) => String(number));
  await Promise.all(sent.map((text) => bus.publish(channel, text)));
  await inbox.find("the last", (text) => text === sent.at(-1));
  t.deepEqual(inbox.items, ["in 0", "in 1", "in 2", ...sent]);
});

test("keys and headers are ignored, and so are deletions and the ends of transactions", async (t) => {
  const channel = ownChannel();
  const { listen } = open(t);
  const inbox = await listen(channel);
  const producer = openProducer(t);
  const [key, value] = [Buffer.from("key"), Buffer.from("with a key")];
  const headers = new Map([[Buffer.from("name"), Buffer.from("value")]]);
  await producer.send({ messages: [{ topic: channel, key, value, headers }] });
  await producer.send({ messages: [{ topic: channel, key, value: null as unknown as Buffer }] });
  const transaction = await openProducer(t, channel).beginTransaction();
  await transaction.send({ messages: [{ topic: channel, value: Buffer.from("in a transaction") }] });
  await transaction.commit();
  await producer.send({ messages: [{ topic: channel, value: Buffer.from("the end") }] });
  await inbox.find("the end", (text) => text === "the end");
  t.deepEqual(inbox.items, ["with a key", "in a transaction", "the end"]);
});

test("compressed records are read", async (t) => {
  for (const codec of ["gzip", "lz4"]) {
    const channel = ownChannel();
    // The broker compresses then, as Java does.
    const configs = [{ name: "compression.type", value: codec }];
    await kafkaAdmin(t, t.context).createTopics({ topics: [channel], partitions: 1, configs });
    const { bus, listen } = open(t);
    const inbox = await listen(channel);
    const sent = [`${codec} ${"x".repeat(1_000)}`, `${codec} again`];
    await Promise.all(sent.map((text) => bus.publish(channel, text)));
    await inbox.find("the last", (text) => text === sent.at(-1));
    t.deepEqual(inbox.items, sent);
  }
});

test("records that cannot be read are reported and skipped, and the next ones are read", async (t) => {
  const channel = ownChannel();
  const configs = [{ name: "compression.type", value: "snappy" }];
  const admin = kafkaAdmin(t, t.context);
  await admin.createTopics({ topics: [channel], partitions: 1, configs });
  const { bus, listen, next } = open(t);
  const error = next("error");
  const inbox = await listen(channel);
  // The frames of Java's snappy are beyond the client library of Node 20.
  await bus.publish(channel, `unread ${"x".repeat(1_000)}`);
  t.regex((await error).error.message, /records up to \d+ of partition 0 cannot be read: snappy/);
  const change = { name: "compression.type", configOperation: IncrementalAlterConfigOperationTypes.SET };
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: channel };
  await admin.incrementalAlterConfigs({
    resources: [{ ...resource, configs: [{ ...change, value: "uncompressed" }] }],
  });
  // The broker takes a moment until it acts on it.
  const received = inbox.find("a message", () => true);
  let isHeard = false;
  void received.then(() => {
    isHeard = true;
  });
  while (!isHeard) {
    await bus.publish(channel, "read");
  }
  t.is(await received, "read");
});

test("a message that is too large for the topic is refused alone, and the others keep their order", async (t) => {
  const channel = ownChannel();
  const configs = [{ name: "max.message.bytes", value: "10000" }];
  await kafkaAdmin(t, t.context).createTopics({ topics: [channel], partitions: 1, configs });
  const { bus, listen, statuses } = open(t);
  const inbox = await listen(channel);
  const sent = Array.from({ length: 20 }, (_, number) => `${number} `.padEnd(number === 7 ? 20_000 : 1_000));
  const results = await Promise.allSettled(sent.map((text) => bus.publish(channel, text)));
  const refused = results.flatMap((result, number) => (result.status === "rejected" ? [{ number, result }] : []));
  t.deepEqual(
    refused.map(({ number }) => number),
    [7],
  );
  const error = refused[0]?.result.reason as BridgeError;
  t.true(error instanceof BridgeError);
  t.is(error.code, "BRIDGE_BROKER_UNAVAILABLE");
  t.regex(error.message, /127\.0\.0\.1:\d+.*MESSAGE_TOO_LARGE|127\.0\.0\.1:\d+.*RECORD_LIST_TOO_LARGE/);
  const dropped = statuses.items.filter(({ type }) => type === "dropped");
  t.deepEqual(dropped, [{ type: "dropped", reason: "refused", count: 1, bytes: 20_000 }]);
  await inbox.find("the last", (text) => text === sent.at(-1));
  t.deepEqual(
    inbox.items,
    sent.filter((_, number) => number !== 7),
  );
});

test("partitions that are added later are read too, from their beginning", async (t) => {
  const channel = ownChannel();
  const { listen } = open(t, 100);
  const inbox = await listen(channel);
  await kafkaAdmin(t, t.context).createPartitions({ topics: [{ name: channel, count: 2 }] });
  await openProducer(t).send({ messages: [{ topic: channel, partition: 1, value: Buffer.from("in the new one") }] });
  t.is(await inbox.find("the message", () => true), "in the new one");
});

test("a topic that is deleted is created again, and read from its beginning", async (t) => {
  const channel = ownChannel();
  const { bus, listen, next } = open(t);
  const inbox = await listen(channel);
  await Promise.all([1, 2, 3].map((number) => bus.publish(channel, `${number}`)));
  await inbox.find("the last", (text) => text === "3");
  const error = next("error", ({ error: { message } }) => /deleted and created again/.test(message));
  await kafkaAdmin(t, t.context).deleteTopics({ topics: [channel] });
  await error;
  await bus.publish(channel, "in the new one");
  await inbox.find("the message", (text) => text === "in the new one");
  t.deepEqual(inbox.items, ["1", "2", "3", "in the new one"]);
});

test("a heartbeat returns at an interval, and is not a message to others", async (t) => {
  const channel = ownChannel();
  const [one, other] = [open(t, 100), open(t, 100)];
  const [inOne, inOther] = [await one.listen(channel), await other.listen(channel)];
  for (const { next } of [one, one, other]) {
    const { lag } = await next("healthy", (status) => status.channel === channel);
    t.true(lag >= 0 && lag < 30_000);
  }
  await one.bus.publish(channel, "the end");
  await Promise.all([inOne, inOther].map((inbox) => inbox.find("the end", () => true)));
  t.deepEqual([inOne.items, inOther.items], [["the end"], ["the end"]]);
});
