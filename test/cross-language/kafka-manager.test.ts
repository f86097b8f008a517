import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { createEmitter } from "../../src/index.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPython } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchKafka);

test("a manager of python-socketio receives over Kafka, and cannot publish", async (t) => {
  const script = "import sys, socketio; socketio.KafkaManager(sys.argv[1], write_only=True).emit('hello', {})";
  const program = startPython(t, ["-c", script, t.context.url]);
  t.is(await program.exited(), 1);
  t.regex(program.stderr.items.at(-1) ?? "", /^TypeError: Unsupported type for serialized value: <class 'str'>/);
});

test("a server of Flask-SocketIO with its client_manager is one fleet with a Node host", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel });
  const flask = startPython(t, ["flask_chat.py", "--queue", t.context.url, "--channel", channel]);
  const ready = await flask.stdout.find("the ready line", (line) => line.startsWith("ready "));
  const onFlask = await connectClient(t, ready.slice("ready ".length));
  const onNode = await connectClient(t, node.url);
  await onFlask.call("join", { room: "lobby" });
  await onNode.call("join", "lobby");
  await onFlask.call("say", { room: "lobby", text: "hello" });
  await onNode.find(["message", { sid: onFlask.sid, room: "lobby", text: "hello" }]);
  node.io.to("lobby").emit("the end");
  t.deepEqual(await onFlask.until("the end"), [["message", { sid: onFlask.sid, room: "lobby", text: "hello" }]]);
});

test("a URL of several brokers serves both sides, and heartbeats do not disturb Python", async (t) => {
  const channel = ownChannel();
  const several = `${t.context.url},127.0.0.1:${t.context.port}`;
  const python = await startPeer(t, "threaded", several, channel);
  const client = await connectClient(t, python.url);
  // Its heartbeats are such messages.
  const node = await startNodeHost(t, several, { channel, heartbeatInterval: 100 });
  const isHealthy = ({ type }: { readonly type: string }) => type === "healthy";
  await node.statuses.find("health", isHealthy);
  const emitter = createEmitter(several, { channel, logger: false });
  cleanUp(t, () => emitter.close());
  await emitter.emit("the end");
  t.deepEqual(await client.until("the end"), []);
});
