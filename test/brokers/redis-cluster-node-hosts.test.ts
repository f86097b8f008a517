import { launchRedisCluster } from "../../scripts/environment/brokers/redis-cluster.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedisCluster);

testEveryOperation(test, { isOrdered: false });
