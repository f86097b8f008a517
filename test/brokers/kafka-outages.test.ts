import type { ExecutionContext } from "ava";
import { kafkaAdmin, launchKafka, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { type Network, openAt } from "../contracts/outages/outage-broker.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** A broker of Kafka tells its clients where to go, so it has a listener for those that come through the network. */
const test = testWithBroker(async () => {
  const proxyPort = await freePort();
  const listeners = { PROXIED: { protocol: "PLAINTEXT", advertised: `127.0.0.1:${proxyPort}` } } as const;
  return { ...(await launchKafka({ listeners })), proxyPort };
});

type Broker = TestKafka & { readonly proxyPort: number };

async function startNetwork(t: ExecutionContext, { ports, proxyPort }: Broker): Promise<Network> {
  const proxy = await startProxy(t, ports.PROXIED as number, proxyPort);
  return { proxy, url: `kafka://127.0.0.1:${proxyPort}` };
}

/** A response to nothing, a size below zero, a huge one, and none of the protocol. */
const GARBAGE = [
  "\x00\x00\x00\x08\x7f\xff\xff\xff\x00\x00\x00\x00",
  "\xff\xff\xff\xff\x00\x00\x00\x00",
  "\x7f\xff\xff\xff\x00\x00\x00\x00",
  "HTTP/1.1 400 Bad Request\r\n\r\n",
];

testEveryOutage(test, {
  title: "Kafka",
  keepsMessagesForReaders: true,
  mayRepeat: true,
  startNetwork,
  garbage: GARBAGE,
});

test.serial("what was deleted before it was read is counted and told, and the rest is read", async (t) => {
  const channel = ownChannel();
  const { proxy, url } = await startNetwork(t, t.context);
  const [away, sender] = [openAt(t, url, { heartbeatInterval: 60_000 }), openAt(t, t.context.url)];
  const inbox = await away.listen(channel);
  // The first record is the beat of the bus itself.
  await away.next("healthy");
  const lost = away.next("reconnecting");
  await proxy.cut();
  await lost;
  const meanwhile = Array.from({ length: 10 }, (_, number) => String(number));
  for (const number of meanwhile) {
    await sender.bus.publish(channel, number);
  }
  await kafkaAdmin(t, t.context).deleteRecords({
    topics: [{ name: channel, partitions: [{ partition: 0, offset: 7n }] }],
  });
  const gap = away.next("error", ({ error }) => error.message.includes("deleted"));
  await proxy.restore();
  t.regex((await gap).error.message, /6 records of partition 0 were deleted before they were read/);
  await inbox.find("the last", (number) => number === "9");
  t.deepEqual(inbox.items, ["6", "7", "8", "9"]);
});

test.serial("of several brokers, one that is not there does not keep the bus away", async (t) => {
  const dead = await freePort();
  const { bus } = openAt(t, `kafka://127.0.0.1:${dead},127.0.0.1:${t.context.port}`);
  await bus.publish(ownChannel(), "hello");
  t.pass();
});

test.serial("what may have been sent twice is announced, though the connection is back at once", async (t) => {
  const channel = ownChannel();
  const { proxy, url } = await startNetwork(t, t.context);
  const [away, reader] = [openAt(t, url, { heartbeatInterval: 60_000 }), openAt(t, t.context.url)];
  const inbox = await reader.listen(channel);
  await away.bus.publish(channel, "before");
  // A connection that has lasted for less counts as another failed attempt.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  proxy.throttle(1);
  // The first answer still passes.
  await away.bus.publish(channel, "confirmed");
  const published = away.bus.publish(channel, "unconfirmed");
  await inbox.find("the message", (text) => text === "unconfirmed");
  const told = away.next("reconnecting");
  proxy.throttle(Number.POSITIVE_INFINITY);
  await proxy.cut();
  await proxy.restore();
  await Promise.all([told, published]);
  await away.bus.publish(channel, "the end");
  await inbox.find("the end", (text) => text === "the end");
  t.deepEqual(inbox.items, ["before", "confirmed", "unconfirmed", "unconfirmed", "the end"]);
});
