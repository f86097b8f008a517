import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchForwarder);

testEveryOperation(test, { isOrdered: true });
