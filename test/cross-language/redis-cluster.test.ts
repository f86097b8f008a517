import { launchRedisCluster } from "../../scripts/environment/brokers/redis-cluster.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

// Node hosts are on the first node, Python hosts on the last one.
const test = testWithBroker<TestBroker>(launchRedisCluster);

testEveryScenario(test, { hosts: ["threaded"], emitters: ["threaded"] });
