import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { launchForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import {
  compareTwins,
  type FlaskApplication,
  LEAST_ENTRIES,
  script,
  startFlaskTwins,
} from "../contracts/cross-language/edge-twins.js";
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
  ZeroMQ: { queue: "zmq", python: testEnvironment().pythonWithZmq },
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
