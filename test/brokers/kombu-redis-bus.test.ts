import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { kombuRedisBus } from "../../src/bus/kombu/kombu-redis-bus.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testBusConformance(test, "Kombu over Redis", (t) => kombuRedisBus({ url: t.context.url }));
