import { Connection, describeQuorumV2 } from "@platformatic/kafka";
import type { ExecutionContext } from "ava";
import type { Cluster } from "../../scripts/environment/brokers/broker.js";
import { kafkaAdmin, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { kafkaLeader, launchKafkaCluster } from "../../scripts/environment/brokers/kafka-cluster.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { openAt } from "../contracts/outages/outage-broker.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { assertAllArrived, startTraffic } from "../helpers/traffic.js";

const test = testWithBroker(launchKafkaCluster);

type Context = ExecutionContext<Cluster<TestKafka>>;

/** Of the only partition of a topic, by a node that runs. */
async function partitionOf(t: Context, running: TestKafka, topic: string) {
  const metadata = await kafkaAdmin(t, running).metadata({ topics: [topic], forceUpdate: true });
  const [partition] = Object.values(metadata.topics.get(topic)?.partitions ?? {});
  if (partition === undefined) {
    throw new Error(`no partition of ${topic}`);
  }
  return partition;
}

const nodeOf = (t: Context, id: number): TestKafka => t.context.nodes[id - 1] as TestKafka;

async function controllerOf(t: Context): Promise<TestKafka> {
  const connection = new Connection("tests");
  await connection.connect("127.0.0.1", t.context.nodes[0]?.port ?? 0);
  const asked = [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }];
  const { topics } = await describeQuorumV2.api.async(connection, asked);
  await connection.close();
  return nodeOf(t, topics[0]?.partitions[0]?.leaderId ?? 0);
}

/** Resolves when every node has a copy of the topic again, so that the next one may be lost. */
async function untilReplicated(t: Context, topic: string): Promise<void> {
  const admin = kafkaAdmin(t, t.context.nodes[0] as TestKafka);
  const become = async () => {
    for (;;) {
      const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
      if (Object.values(topics.get(topic)?.partitions ?? {})[0]?.isr.length === t.context.nodes.length) {
        return;
      }
    }
  };
  await withTimeout("all replicas to be in sync", become());
}

test.serial("a topic that is created has the number of replicas that the cluster is set up for", async (t) => {
  const channel = ownChannel();
  await openAt(t, t.context.url).listen(channel);
  t.is((await partitionOf(t, t.context.nodes[0] as TestKafka, channel)).replicas.length, 3);
});

async function loseUnderTraffic(t: Context, lost: TestKafka, url: string, [there, back]: readonly [string, string]) {
  const [near, far] = [openAt(t, url), openAt(t, url)];
  const inboxes = [await near.listen(back), await far.listen(there)] as const;
  const traffic = [
    startTraffic(t, (number) => far.bus.publish(back, String(number))),
    startTraffic(t, (number) => near.bus.publish(there, String(number))),
  ] as const;
  await Promise.all(inboxes.map((inbox) => inbox.find("traffic", (text) => text === "50")));
  await lost.crash();
  const atLoss = traffic.map(({ next }) => String(next));
  await Promise.all(inboxes.map((inbox, index) => inbox.find("later traffic", (text) => text === atLoss[index])));
  await assertAllArrived(t, traffic, inboxes, [near, far]);
}

test.serial(
  "the leader of the partition is killed under traffic in both directions: all messages arrive, in order",
  async (t) => {
    const channels = [ownChannel(), ownChannel()] as const;
    await openAt(t, t.context.url).listen(channels[0]);
    const leader = (await kafkaLeader(t.context.nodes, channels[0])) as TestKafka;
    await loseUnderTraffic(t, leader, t.context.url, channels);
    await leader.start();
    await Promise.all(channels.map((topic) => untilReplicated(t, topic)));
  },
);

test.serial(
  "the controller, and only broker that the URL names, is killed under traffic: all messages arrive, in order",
  async (t) => {
    const controller = await controllerOf(t);
    await loseUnderTraffic(t, controller, `kafka://127.0.0.1:${controller.port}`, [ownChannel(), ownChannel()]);
  },
);
