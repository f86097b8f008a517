import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testEveryOperation } from "../contracts/node-hosts/every-operation.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

/** Refuses what Python's managers declare, where it can: Node hosts declare nothing of the kind. */
const test = testWithBroker<TestBroker>(() => launchRabbitmq({ permitsTransientQueues: false }));

testEveryOperation(test, { isOrdered: false });
