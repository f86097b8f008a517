import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(async () => {
  const redis = await launchRedis();
  return { ...redis, url: `kombu+${redis.url}/0` };
});

testEveryOperation(test, { isOrdered: true });
