import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchForwarder);

// A threaded host is one on eventlet's threads; python-socketio has no asynchronous ZmqManager.
testEveryScenario(test, { hosts: ["threaded"], emitters: ["threaded", "write-only"] });
