import test from "ava";
import { pythonPackages, pythonSnippet } from "../../src/server/python-snippet.js";

const lines = (queue: string, channel = "socketio", demo = false) => pythonSnippet(queue, channel, demo).split("\n");

test("each queue gets the manager that python-socketio has for it", (t) => {
  const manager = (queue: string) => lines(queue)[1];
  t.is(manager("redis://h/0"), 'manager = socketio.RedisManager("redis://h/0", write_only=True)');
  t.is(manager("kombu+redis://h/0"), 'manager = socketio.KombuManager("redis://h/0", write_only=True)');
  t.is(manager("amqp://h//"), 'manager = socketio.KombuManager("amqp://h//", write_only=True)');
  t.is(manager("zmq+tcp://h:1+2"), 'manager = socketio.ZmqManager("zmq+tcp://h:1+2", write_only=True)');
  t.deepEqual(lines("kafka://h:1"), [
    "from socketio_bridge.kafka import KafkaManager",
    'manager = KafkaManager("kafka://h:1", write_only=True)',
    'manager.emit("hello", {"from": "Python"})',
  ]);
});

test("of a cluster, Python gets one node", (t) => {
  const manager = (queue: string) => lines(queue).at(-2);
  t.is(manager("redis+cluster://h1:1,h2:2"), 'manager = socketio.RedisManager("redis://h1:1", write_only=True)');
  t.is(
    manager("rediss+cluster://bob:***@h1,h2/0?ssl_cert_reqs=none"),
    'manager = socketio.RedisManager("rediss://bob:***@h1/0?ssl_cert_reqs=none", write_only=True)',
  );
});

test("the channel is named unless it is Python's default, and the room if clients are in it", (t) => {
  t.deepEqual(lines("redis://h", "chat", true), [
    "import socketio",
    'manager = socketio.RedisManager("redis://h", channel="chat", write_only=True)',
    'manager.emit("hello", {"from": "Python"}, room="lobby")',
  ]);
});

test("a redacted password gets a comment, and the packages for Python are named", (t) => {
  t.is(lines("amqp://bob:***@h//")[0], "# with the password in place of ***");
  t.is(pythonPackages("amqp://h//"), "python-socketio kombu");
  t.is(pythonPackages("kombu+redis://h"), "python-socketio kombu[redis]");
  t.is(pythonPackages("kafka://h"), "socketio-python-bridge[kafka]");
  t.is(pythonPackages("zmq+tcp://h:1+2"), "python-socketio eventlet pyzmq");
  t.is(pythonPackages("redis://h"), "python-socketio redis");
});
