import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(async () => {
  const redis = await launchRedis();
  return { ...redis, url: `kombu+${redis.url}/0` };
});

testEveryScenario(test, { hosts: ["threaded"], emitters: ["threaded", "write-only"] });
