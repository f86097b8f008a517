import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testFaults } from "../contracts/node-hosts/faults.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchForwarder);

testFaults(test);
