import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testNodeEmits } from "../contracts/cross-language/node-emits.js";
import { testPythonEmits } from "../contracts/cross-language/python-emits.js";
import { encodings } from "../helpers/encodings.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRabbitmq);

Object.assign(encodings, { node: "msgpack", python: "msgpack" });

const kinds = { hosts: ["threaded", "asgi"], emitters: ["threaded", "asgi", "write-only"] } as const;

testPythonEmits(test, kinds);
testNodeEmits(test, kinds);
