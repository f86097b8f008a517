import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

testEveryOutage(test, {
  title: "RabbitMQ",
  keepsForReaders: true,
  repeats: true,
  startNetwork: async (t, { port }) => {
    const proxy = await startProxy(t, port);
    return { proxy, url: `amqp://127.0.0.1:${proxy.port}//` };
  },
});
