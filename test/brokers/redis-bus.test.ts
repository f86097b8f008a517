import { Redis } from "ioredis";
import { createClient } from "redis";
import { createClient as createClientV4 } from "redis-v4";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { redisBus } from "../../src/bus/redis/redis-bus.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testBusConformance(test, "Redis by URL", (t) => redisBus({ url: t.context.url }));

testBusConformance(test, "Redis by a client of ioredis", (t) => {
  const client = new Redis(t.context.url, { lazyConnect: true, keyPrefix: "not for channels:" });
  cleanUp(t, () => client.disconnect());
  return redisBus({ client });
});

testBusConformance(test, "Redis by a client of node-redis", (t) => redisBus({ client: createClient(t.context) }));

testBusConformance(test, "Redis by a client of node-redis 4", (t) => redisBus({ client: createClientV4(t.context) }));
