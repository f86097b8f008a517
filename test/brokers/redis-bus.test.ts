import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testBusConformance(test, "Redis by URL", (t) => redisBus({ url: t.context.url }));

testBusConformance(test, "Redis by client", (t) => {
  const client = new Redis(t.context.url, { lazyConnect: true });
  cleanUp(t, () => client.disconnect());
  return redisBus({ client });
});
