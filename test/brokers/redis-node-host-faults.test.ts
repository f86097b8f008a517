import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testFaults } from "../contracts/node-hosts/faults.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

testFaults(test);
