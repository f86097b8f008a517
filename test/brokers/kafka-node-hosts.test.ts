import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchKafka);

testEveryOperation(test, { isOrdered: true });
