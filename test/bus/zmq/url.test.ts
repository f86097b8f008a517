import test from "ava";
import { parseZmqUrl } from "../../../src/bus/zmq/url.js";
import { zmqBus } from "../../../src/bus/zmq/zmq-bus.js";
import { BridgeError } from "../../../src/errors.js";

test("host and ports as ZmqManager of python-socketio takes them", (t) => {
  t.deepEqual(parseZmqUrl("zmq+tcp://example:5555+5556"), { host: "example", pushPort: 5555, subscribePort: 5556 });
  t.deepEqual(parseZmqUrl("ZMQ+TCP://[::1]:1+65535"), { host: "::1", pushPort: 1, subscribePort: 65535 });
});

for (const [url, reason] of [
  ["zmq+tcp://h", "zmq+tcp://h is not of the form zmq+tcp://host:port1+port2"],
  ["zmq+tcp://h:5555", "zmq+tcp://h:5555 is not of the form zmq+tcp://host:port1+port2"],
  ["zmq+tcp://:5555+5556", "zmq+tcp://:5555+5556 is not of the form zmq+tcp://host:port1+port2"],
  ["zmq+tcp://h:5555+5556/path", "zmq+tcp://h:5555+5556/path is not of the form zmq+tcp://host:port1+port2"],
  ["zmq+tcp://me:secret@h:1+2", "zmq+tcp://me:***@h:1+2 is not of the form zmq+tcp://host:port1+port2"],
  ["zmq+tcp://h:5555+65536", 'zmq+tcp://h:5555+65536: the port "65536" is not 1 to 65535'],
  ["tcp://h:1+2", "tcp://h:1+2 is not of the form zmq+tcp://host:port1+port2"],
] as const) {
  test(`${url} is refused`, (t) => {
    const error = t.throws(() => zmqBus({ url }), { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_INVALID_URL");
    t.is(error?.message, reason);
  });
}

test("credentials are refused, since nobody would ask for them", (t) => {
  const options = { url: "zmq+tcp://127.0.0.1:1+2", credentials: () => ({ password: "secret" }) };
  const error = t.throws(() => zmqBus(options), { instanceOf: BridgeError });
  t.is(error?.code, "BRIDGE_INVALID_OPTION");
  t.is(error?.message, "credentials: ZeroMQ has no login, so nobody would ask for them");
});

test("a channel whose name is too long is refused", async (t) => {
  const bus = zmqBus({ url: "zmq+tcp://127.0.0.1:1+2" });
  const error = await t.throwsAsync(bus.publish("ž".repeat(257), "x"), { instanceOf: BridgeError });
  await bus.close();
  t.is(error?.code, "BRIDGE_INVALID_OPTION");
  t.is(error?.message, 'channel "žžžžžžžžžžžžžžžžžžžž…" is longer than 512 bytes');
});
