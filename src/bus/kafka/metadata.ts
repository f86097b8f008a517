import { pause } from "../../util/pause.js";
import {
  type Kafka,
  type KafkaConnection,
  type KafkaConnectionOptions,
  KafkaConnections,
  KafkaFailure,
} from "./connection.js";
import type { KafkaAddress } from "./url.js";

export interface KafkaTopic {
  /** Another id shows that the topic was deleted and created again. */
  readonly id: string;
  /** For each partition, the broker to produce to and to fetch from. */
  readonly leaders: readonly { readonly partition: number; readonly address: KafkaAddress }[];
}

/** A topic that was just created has no leader for a moment: how often to ask, and how many milliseconds apart. */
const MAX_POLLS = 40;
const POLL_MS = 50;

const SOON: readonly (string | undefined)[] = ["LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION"];

/** Finds out which brokers lead a topic, and creates topics that are missing. */
export class KafkaMetadata {
  readonly #options: KafkaConnectionOptions;
  readonly #signal: AbortSignal;
  #brokers: readonly KafkaAddress[];
  /** Which of them to ask. When one does not answer, the next attempt goes to the next one. */
  #turn = 0;

  constructor(options: KafkaConnectionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#brokers = options.bootstrap;
  }

  get kafka(): Kafka {
    return this.#options.kafka;
  }

  /** @param requestTimeout - milliseconds. @default that of the options */
  connections(requestTimeout = this.#options.requestTimeout): KafkaConnections {
    return new KafkaConnections({ ...this.#options, requestTimeout });
  }

  /** @throws KafkaFailure; one that is not transient means that the broker refuses the topic */
  async locate(name: string, connections: KafkaConnections): Promise<KafkaTopic> {
    const connection = await this.#any(connections);
    let isCreated = false;
    for (let poll = 1; ; poll += 1) {
      try {
        return await this.#ask(connection, name);
      } catch (error) {
        const { id } = error as KafkaFailure;
        if (!SOON.includes(id) || poll === MAX_POLLS || this.#signal.aborted) {
          throw error;
        }
        if (id === "UNKNOWN_TOPIC_OR_PARTITION" && !isCreated) {
          await this.#create(connection, name, connections);
          isCreated = true;
        } else {
          await pause(POLL_MS, this.#signal);
        }
      }
    }
  }

  async #any(connections: KafkaConnections): Promise<KafkaConnection> {
    const turn = this.#turn;
    try {
      return await connections.get(this.#brokers[turn % this.#brokers.length] as KafkaAddress);
    } catch (error) {
      if (turn === this.#turn) {
        this.#turn += 1;
      }
      throw error;
    }
  }

  async #ask(connection: KafkaConnection, name: string): Promise<KafkaTopic> {
    const { brokers, topics } = await connection.call(this.kafka.metadataV12.api, [name], false, false);
    this.#learn(brokers);
    const topic = topics[0];
    const leaders = (topic?.partitions ?? []).map(({ partitionIndex: partition, leaderId }) => {
      const broker = brokers.find(({ nodeId }) => nodeId === leaderId);
      if (broker === undefined) {
        throw new KafkaFailure(`Kafka at ${connection.address}: no leader for partition ${partition} of "${name}"`);
      }
      return { partition, address: { host: broker.host, port: broker.port } };
    });
    if (topic === undefined || leaders.length === 0) {
      throw new KafkaFailure(`Kafka at ${connection.address}: no partition of "${name}"`, "LEADER_NOT_AVAILABLE");
    }
    return { id: topic.topicId, leaders };
  }

  /** Brokers that the URL does not name can stand in for those that it does. */
  #learn(brokers: readonly KafkaAddress[]): void {
    const { bootstrap } = this.#options;
    const isNew = ({ host, port }: KafkaAddress) =>
      !bootstrap.some((known) => known.host === host && known.port === port);
    this.#brokers = [...bootstrap, ...brokers.filter(isNew).map(({ host, port }) => ({ host, port }))];
    this.#turn %= this.#brokers.length;
  }

  /** With one partition, for order, and the cluster's default number of replicas. */
  async #create(connection: KafkaConnection, name: string, connections: KafkaConnections): Promise<void> {
    const { brokers, controllerId } = await connection.call(this.kafka.metadataV12.api, [], false, false);
    const controller = brokers.find(({ nodeId }) => nodeId === controllerId);
    const topic = { name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
    try {
      const creator = controller === undefined ? connection : await connections.get(controller);
      await creator.call(this.kafka.createTopicsV7.api, [topic], this.#options.requestTimeout, false);
    } catch (error) {
      const { id, message, isTransient } = error as KafkaFailure;
      if (id === undefined) {
        throw error;
      }
      if (id !== "TOPIC_ALREADY_EXISTS") {
        throw new KafkaFailure(`the topic "${name}" is missing and could not be created: ${message}`, id, isTransient);
      }
    }
  }
}
