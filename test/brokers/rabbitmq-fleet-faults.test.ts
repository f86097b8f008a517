import { testFaults } from "../contracts/node-hosts/faults.js";
import { launchRabbitmq } from "../helpers/rabbitmq.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

testFaults(test, (rabbitmq) => rabbitmq.crash());
