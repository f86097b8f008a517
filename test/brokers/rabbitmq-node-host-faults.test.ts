import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testFaults } from "../contracts/node-hosts/faults.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

testFaults(test);
