import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { startProxy } from "../helpers/proxy.js";
import { REDIS_GARBAGE } from "../helpers/redis-garbage.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(async () => {
  const redis = await launchRedis();
  return { ...redis, url: `kombu+${redis.url}/0` };
});

testEveryOutage(test, {
  title: "Redis",
  keepsMessagesForReaders: false,
  mayRepeat: false,
  garbage: REDIS_GARBAGE,
  startNetwork: async (t, { port }) => {
    const proxy = await startProxy(t, port);
    return { proxy, url: `kombu+redis://127.0.0.1:${proxy.port}/0` };
  },
});
