import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchKafka);

// python-socketio has no asynchronous KafkaManager.
testEveryScenario(test, { hosts: ["threaded"], emitters: ["threaded", "write-only"] });
