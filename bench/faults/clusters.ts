import { kafkaLeader, launchKafkaCluster } from "../../scripts/environment/brokers/kafka-cluster.js";
import { launchRabbitmqCluster } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchSentinels } from "../../scripts/environment/brokers/redis-sentinel.js";
import type { BusName } from "./names.js";

/** A broker of several nodes, one of which can be lost, once. */
export interface BenchCluster {
  /** Names all nodes, for Node hosts and for Python. */
  readonly url: string;
  /** For aio-pika, which takes one node only. @default url */
  readonly asyncUrl?: string;
  /** Kills the node that the hosts depend on. Resolves when another one has taken its place. */
  lose(channel: string): Promise<void>;
  end(): Promise<void>;
}

async function sentinels(): Promise<BenchCluster> {
  const { url, crashPrimary, kill } = await launchSentinels();
  return { url, lose: crashPrimary, end: kill };
}

async function rabbitmq(): Promise<BenchCluster> {
  const { url, nodes, kill } = await launchRabbitmqCluster();
  const [first, second] = nodes;
  // All connect to the first one that they know.
  return { url, ...(second ? { asyncUrl: second.url } : {}), lose: async () => first?.crash(), end: kill };
}

async function kafka(): Promise<BenchCluster> {
  const cluster = await launchKafkaCluster();
  const { url, nodes, kill } = cluster;
  const lose = async (channel: string): Promise<void> => {
    const leader = await kafkaLeader(nodes, channel);
    const others = nodes.filter((node) => node !== leader);
    await leader?.crash();
    while ((await kafkaLeader(others, channel)) === undefined) {
      // The others agree on a new leader once they take the lost one for dead.
    }
  };
  return { url, lose, end: kill };
}

/** Kombu finds a primary through Sentinel only with options that are not in its URL. */
export const CLUSTERS: Readonly<Partial<Record<BusName, () => Promise<BenchCluster>>>> = {
  redis: sentinels,
  rabbitmq,
  kafka,
};
