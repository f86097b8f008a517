import { kafkaBus } from "../../src/bus/kafka.js";
import { testBusConformance } from "../helpers/bus-conformance.js";
import { launchKafka } from "../helpers/kafka.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchKafka);

testBusConformance(test, "Kafka", (t) => kafkaBus({ url: t.context.url }));
