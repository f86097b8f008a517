import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { launchRedis } from "../helpers/redis.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

testEveryOperation(test, { isOrdered: true });
