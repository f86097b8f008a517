import { kombuRedisBus } from "../../src/bus/kombu-redis.js";
import { testBusConformance } from "../helpers/bus-conformance.js";
import { launchRedis } from "../helpers/redis.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testBusConformance(test, "Kombu over Redis", (t) => kombuRedisBus({ url: t.context.url }));
