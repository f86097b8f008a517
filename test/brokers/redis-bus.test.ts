import { Redis } from "ioredis";
import { cleanUp } from "../../interop/fleet/scope.js";
import { redisBus } from "../../src/bus/redis.js";
import { testBusConformance } from "../helpers/bus-conformance.js";
import { launchRedis } from "../helpers/redis.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testBusConformance(test, "Redis by URL", (t) => redisBus({ url: t.context.url }));

testBusConformance(test, "Redis by client", (t) => {
  const client = new Redis(t.context.url, { lazyConnect: true });
  cleanUp(t, () => client.disconnect());
  return redisBus({ client });
});
