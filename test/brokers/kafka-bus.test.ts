import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { kafkaBus } from "../../src/bus/kafka/kafka-bus.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { openBus } from "../helpers/open-bus.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchKafka);

testBusConformance(test, "Kafka", (t) => kafkaBus({ url: t.context.url }));

test("a burst beyond the bounds of the outage buffer is sent while the broker is up", async (t) => {
  const { bus, listen, next, statuses } = openBus(t, kafkaBus({ url: t.context.url, outage: { maxMessages: 100 } }));
  const channel = ownChannel();
  const ready = next("ready");
  const inbox = await listen(channel);
  await ready;
  const sent = Array.from({ length: 5_000 }, (_, number) => String(number));
  await Promise.all(sent.map((text) => bus.publish(channel, text)));
  await inbox.find("the last", (text) => text === sent.at(-1));
  t.deepEqual(inbox.items, sent);
  t.deepEqual(
    statuses.items.filter(({ type }) => type === "dropped"),
    [],
  );
});
