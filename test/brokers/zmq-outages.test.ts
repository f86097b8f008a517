import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { type BrokerProxy, startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchForwarder);

/** Both ports of a forwarder, in one network. */
function joined(push: BrokerProxy, publish: BrokerProxy): BrokerProxy {
  return {
    ...push,
    freeze: () => {
      push.freeze();
      publish.freeze();
    },
    thaw: () => {
      push.thaw();
      publish.thaw();
    },
    inject: (bytes) => {
      push.inject(bytes);
      publish.inject(bytes);
    },
    cut: async () => {
      await Promise.all([push.cut(), publish.cut()]);
    },
    restore: async () => {
      await Promise.all([push.restore(), publish.restore()]);
    },
  };
}

testEveryOutage(test, {
  title: "ZeroMQ",
  keepsMessagesForReaders: false,
  mayRepeat: true,
  garbage: ["\xff\xff\xff\xff\xff\xff\xff\xff", "\x04\x05ERROR", "\x01\x00\x01\x00\x00\x00", "\x00\x03nul"],
  startNetwork: async (t, { port, publishPort }) => {
    const [push, publish] = [await startProxy(t, port), await startProxy(t, publishPort)];
    return { proxy: joined(push, publish), url: `zmq+tcp://127.0.0.1:${push.port}+${publish.port}` };
  },
});
