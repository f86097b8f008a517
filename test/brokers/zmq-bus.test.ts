import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { zmqBus } from "../../src/bus/zmq/zmq-bus.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchForwarder);

testBusConformance(test, "ZeroMQ", (t) => zmqBus({ url: t.context.url }));
