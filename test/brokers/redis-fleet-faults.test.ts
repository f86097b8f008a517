import { testFaults } from "../contracts/node-hosts/faults.js";
import { launchRedis } from "../helpers/redis.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testFaults(test, (redis) => redis.kill());
