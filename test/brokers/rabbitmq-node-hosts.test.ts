import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRabbitmq);

testEveryOperation(test, { isOrdered: false });
