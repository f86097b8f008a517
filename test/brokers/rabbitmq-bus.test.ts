import { rabbitmqBus } from "../../src/bus/rabbitmq.js";
import { testBusConformance } from "../helpers/bus-conformance.js";
import { launchRabbitmq } from "../helpers/rabbitmq.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

testBusConformance(test, "RabbitMQ", (t) => rabbitmqBus({ url: t.context.url }));
