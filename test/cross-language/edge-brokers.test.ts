import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { ownChannel } from "../../src/testing/node-host.js";
import {
  compareTwins,
  type FlaskApplication,
  LEAST_ENTRIES,
  script,
  startFlaskTwins,
} from "../contracts/cross-language/edge-twins.js";
import { startPython } from "../helpers/process.js";
import { edgeEnvironment } from "../helpers/python-workers.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(async () => {
  const brokers = await Promise.all([launchRedis(), launchRabbitmq(), launchKafka(), launchForwarder()]);
  const [redis, rabbitmq, kafka, forwarder] = brokers;
  return {
    queues: {
      redis: redis.url,
      kombu: `kombu+${redis.url}/0`,
      rabbitmq: rabbitmq.url,
      kafka: kafka.url,
      zmq: forwarder.url,
    },
    kill: async () => {
      await Promise.all(brokers.map((broker) => broker.kill()));
    },
  };
});

type Queue = "redis" | "kombu" | "rabbitmq" | "kafka" | "zmq";

interface Case extends Partial<FlaskApplication> {
  readonly queue: Queue;
}

const CASES: Readonly<Record<string, Case>> = {
  RabbitMQ: { queue: "rabbitmq" },
  Kafka: { queue: "kafka" },
  "Kombu over Redis": { queue: "kombu" },
  "MessagePack over Redis": {
    queue: "redis",
    env: { SOCKETIO_ENCODING: "msgpack" },
    flags: ["--encoding", "msgpack"],
  },
  ZeroMQ: {
    queue: "zmq",
    python: testEnvironment().pythonWithZmq,
    env: { SOCKETIO_MODE: "eventlet" },
    args: ["--worker-class", "eventlet"],
  },
};

for (const [name, { queue, ...application }] of Object.entries(CASES)) {
  test.serial(`a client sees no edge in front of Flask-SocketIO: ${name}`, async (t) => {
    const twins = await startFlaskTwins(t, t.context.queues[queue], {
      app: "edge_app:app",
      workers: 2,
      ...application,
    });
    await compareTwins(t, twins, script, ["websocket"], LEAST_ENTRIES);
  });
}

test("workers on threads are refused a ZmqManager", async (t) => {
  const env = edgeEnvironment({ SOCKETIO_QUEUE: t.context.queues.zmq, SOCKETIO_CHANNEL: ownChannel() });
  const serve = ["-c", "import socketio_bridge; socketio_bridge.serve('edge_app:app')"];
  const program = startPython(t, serve, env, testEnvironment().pythonWithZmq);
  t.is(await program.exited(), 1);
  t.regex(program.stderr.items.at(-1) ?? "", /InvalidOptionError: ZmqManager works on eventlet alone: start gunicorn/);
});
