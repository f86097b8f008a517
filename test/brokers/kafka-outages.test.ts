import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** A broker of Kafka tells its clients where to go, so it has a listener for those that come through the network. */
const test = testWithBroker(async () => {
  const proxyPort = await freePort();
  const listeners = { PROXIED: { protocol: "PLAINTEXT", advertised: `127.0.0.1:${proxyPort}` } } as const;
  return { ...(await launchKafka({ listeners })), proxyPort };
});

testEveryOutage(test, {
  title: "Kafka",
  keepsForReaders: true,
  repeats: true,
  startNetwork: async (t, { ports, proxyPort }) => {
    const proxy = await startProxy(t, ports.PROXIED as number, proxyPort);
    return { proxy, url: `kafka://127.0.0.1:${proxyPort}` };
  },
});
