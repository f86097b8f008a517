import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testTwins } from "../contracts/cross-language/edge-twins.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(() => launchRabbitmq());

testTwins(test, "Flask-SocketIO under gunicorn", ["websocket"]);
