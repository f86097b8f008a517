import { launchKafka } from "../helpers/kafka.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";
import { testEveryScenario } from "./scenarios/every-scenario.js";

const test = testWithBroker<TestBroker>(launchKafka);

// python-socketio has no asynchronous KafkaManager.
testEveryScenario(test, { hosts: ["threaded"], emitters: ["threaded", "write-only"] });
