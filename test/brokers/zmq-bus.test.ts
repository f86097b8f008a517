import { Push } from "zeromq";
import { launchForwarder, startForwarder } from "../../scripts/environment/brokers/zmq.js";
import { zmqBus } from "../../src/bus/zmq/zmq-bus.js";
import type { BridgeError } from "../../src/errors.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { openBus } from "../helpers/open-bus.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchForwarder);

testBusConformance(test, "ZeroMQ", (t) => zmqBus({ url: t.context.url }));

const errorLike = (pattern: RegExp) => (status: { readonly error: BridgeError }) => pattern.test(status.error.message);

// Each bus reads all that passes a forwarder: what floods or pollutes one has it to itself.

test("messages that are dropped on the way to a host that reads too slowly are noticed and told", async (t) => {
  const { url, port, publishPort } = await startForwarder(t);
  const proxy = await startProxy(t, publishPort);
  const slow = openBus(t, zmqBus({ url: `zmq+tcp://127.0.0.1:${port}+${proxy.port}`, heartbeatInterval: 60_000 }));
  const other = openBus(t, zmqBus({ url, heartbeatInterval: 60_000 }));
  const channel = ownChannel();
  const healthy = slow.next("healthy");
  const [here, there] = [await other.listen(channel), await slow.listen(channel)];
  await healthy;
  proxy.freeze();
  // More than the buffers of the sockets hold, and the 1,000 messages for which the forwarder waits.
  await Promise.all(Array.from({ length: 8_000 }, () => other.bus.publish(channel, "x".repeat(4_096))));
  const published = slow.bus.publish(channel, "dropped on its way back");
  await here.find("the message", (text) => text === "dropped on its way back");
  proxy.thaw();
  while (!there.items.includes("there is room again")) {
    await other.bus.publish(channel, "there is room again");
  }
  const told = slow.next("error", errorLike(/drops messages/));
  // The heartbeat of a new subscription comes back behind the gap.
  await slow.listen(ownChannel());
  const { error } = await told;
  t.is(error.code, "BRIDGE_MESSAGE_DROPPED");
  t.is(
    error.message,
    `ZeroMQ at 127.0.0.1:${port} drops messages to this host, which reads too slowly: own ones, and so others too`,
  );
  // The others have it.
  await published;
});

test("a message that ZeroMQ would cut its readers off for is refused, and the next one arrives", async (t) => {
  const { bus, listen, statuses } = openBus(t, zmqBus({ url: t.context.url }));
  const channel = ownChannel();
  const inbox = await listen(channel);
  const refused = bus.publish(channel, Buffer.alloc(64 * 1024 * 1024));
  await bus.publish(channel, "next");
  const error = await t.throwsAsync(refused, { code: "BRIDGE_BROKER_UNAVAILABLE" });
  t.regex(String(error?.message), new RegExp(`^a message of 671\\d+ bytes for "${channel}" is larger than 67108864$`));
  t.is(await inbox.find("the next", () => true), "next");
  t.like(
    statuses.items.find(({ type }) => type === "dropped"),
    { reason: "refused", count: 1 },
  );
});

test("what others put on the ports is told once, and the next message arrives", async (t) => {
  const { url, port } = await startForwarder(t);
  const opened = openBus(t, zmqBus({ url }));
  const channel = ownChannel();
  const inbox = await opened.listen(channel);
  const told = opened.next("error");
  const push = new Push();
  cleanUp(t, () => push.close());
  push.connect(`tcp://127.0.0.1:${port}`);
  // As python-socketio sends it up to 5.13: pickle.dumps({"type": "message", "channel": "c", "data": {}}).
  const pickle = Buffer.from("gASVMAAAAAAAAAB9lCiMBHR5cGWUjAdtZXNzYWdllIwHY2hhbm5lbJSMAWOUjARkYXRhlH2UdS4=", "base64");
  await push.send(pickle);
  await push.send("hello");
  await push.send(["two", "parts"]);
  await push.send(JSON.stringify({ type: "message", channel, data: "the end" }));
  t.is(await inbox.find("the end", () => true), '"the end"');
  t.is(
    (await told).error.message,
    `ZeroMQ at 127.0.0.1:${port} passed on what no ZmqManager of python-socketio 5.14 or later has sent`,
  );
  t.is(opened.errors().length, 1);
});

test("two ports that do not belong together are an error", async (t) => {
  const other = await startForwarder(t);
  const { port } = t.context;
  const { bus, next } = openBus(t, zmqBus({ url: `zmq+tcp://127.0.0.1:${port}+${other.publishPort}` }));
  const told = next("error");
  const subscribed = t.throwsAsync(
    bus.subscribe(ownChannel(), () => {}),
    { code: "BRIDGE_CLOSED" },
  );
  t.is(
    (await told).error.message,
    `ZeroMQ at 127.0.0.1:${port}: what is sent to it does not come back from port ${other.publishPort}`,
  );
  await bus.close();
  await subscribed;
});
