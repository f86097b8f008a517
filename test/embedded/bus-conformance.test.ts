import test from "ava";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { type EmbeddedBroker, startEmbeddedBroker } from "../../src/embedded/broker.js";
import { testBusConformance } from "../contracts/bus-conformance.js";

let broker: EmbeddedBroker;

test.before(async () => {
  broker = await startEmbeddedBroker();
});
test.after.always(() => broker.close());

testBusConformance(test, "the Redis bus on the embedded broker", () => redisBus({ url: broker.url }));
