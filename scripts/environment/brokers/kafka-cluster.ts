import { Admin } from "@platformatic/kafka";
import { waitTimeout } from "../../../src/testing/with-timeout.js";
import { freePort } from "../free-port.js";
import { type Cluster, launchNodes } from "./broker.js";
import { launchKafka, type TestKafka } from "./kafka.js";

const IDS = [1, 2, 3] as const;

/** Six starts of Java at once take their time on a machine of two cores. */
const START_MS = 90_000;

/** As a cluster that is to survive the loss of any node is set up. */
const REPLICATION = [
  "default.replication.factor=3",
  "min.insync.replicas=2",
  "offsets.topic.replication.factor=3",
  "transaction.state.log.replication.factor=3",
  "transaction.state.log.min.isr=2",
];

/** Starts a Kafka of three nodes, each a broker and a controller. */
export async function launchKafkaCluster(): Promise<Cluster<TestKafka>> {
  const ports = await Promise.all(IDS.map(async () => ({ PLAINTEXT: await freePort(), CONTROLLER: await freePort() })));
  const voters = ports.map(({ CONTROLLER }, index) => `${IDS[index]}@127.0.0.1:${CONTROLLER}`).join(",");
  const launch = (own: (typeof ports)[number], index: number) =>
    launchKafka({
      ports: own,
      config: [`node.id=${IDS[index]}`, `controller.quorum.voters=${voters}`, ...REPLICATION],
    });
  const nodes = await waitTimeout.run(START_MS, () => launchNodes(ports.map((own, index) => () => launch(own, index))));
  return {
    url: `kafka://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`,
    nodes,
    kill: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
    },
  };
}

/** @returns which of these nodes leads the first partition of the topic, as they say; undefined while none does */
export async function kafkaLeader(nodes: readonly TestKafka[], topic: string): Promise<TestKafka | undefined> {
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: nodes.map(({ port }) => `127.0.0.1:${port}`) });
  try {
    const { brokers, topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const leader = brokers.get(Object.values(topics.get(topic)?.partitions ?? {})[0]?.leader ?? -1);
    return nodes.find(({ port }) => port === leader?.port);
  } finally {
    await admin.close();
  }
}
