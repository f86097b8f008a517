import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

testEveryOperation(test, { isOrdered: true });
