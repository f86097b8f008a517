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
  /** Another one tells that the topic was deleted and made anew. */
  readonly id: string;
  /** By partition, who takes and gives its records. */
  readonly leaders: readonly { readonly partition: number; readonly address: KafkaAddress }[];
}

/** A topic that was just made has no leader for a moment: how often to look, and how many milliseconds apart. */
const LOOKS = 40;
const LOOK_MS = 50;

const SOON: readonly (string | undefined)[] = ["LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION"];

/** Finds out which broker has which topic, and makes topics that are missing. */
export class KafkaMetadata {
  readonly #options: KafkaConnectionOptions;
  readonly #signal: AbortSignal;
  #brokers: readonly KafkaAddress[];
  /** Which of them to ask. One that does not answer makes way for the next one, at the next attempt. */
  #turn = 0;

  constructor(options: KafkaConnectionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#brokers = options.bootstrap;
  }

  get kafka(): Kafka {
    return this.#options.kafka;
  }

  /** @param requestTimeout - where another one is wanted */
  links(requestTimeout = this.#options.requestTimeout): KafkaConnections {
    return new KafkaConnections({ ...this.#options, requestTimeout });
  }

  /** @throws KafkaFailure; one that is not transient says that the broker refuses the topic */
  async locate(name: string, links: KafkaConnections): Promise<KafkaTopic> {
    const link = await this.#any(links);
    let isCreated = false;
    for (let look = 1; ; look += 1) {
      try {
        return await this.#ask(link, name);
      } catch (error) {
        const { id } = error as KafkaFailure;
        if (!SOON.includes(id) || look === LOOKS || this.#signal.aborted) {
          throw error;
        }
        if (id === "UNKNOWN_TOPIC_OR_PARTITION" && !isCreated) {
          await this.#create(link, name, links);
          isCreated = true;
        } else {
          await pause(LOOK_MS, this.#signal);
        }
      }
    }
  }

  async #any(links: KafkaConnections): Promise<KafkaConnection> {
    const turn = this.#turn;
    try {
      return await links.get(this.#brokers[turn % this.#brokers.length] as KafkaAddress);
    } catch (error) {
      if (turn === this.#turn) {
        this.#turn += 1;
      }
      throw error;
    }
  }

  async #ask(link: KafkaConnection, name: string): Promise<KafkaTopic> {
    const { brokers, topics } = await link.call(this.kafka.metadataV12.api, [name], false, false);
    this.#learn(brokers);
    const topic = topics[0];
    const leaders = (topic?.partitions ?? []).map(({ partitionIndex: partition, leaderId }) => {
      const broker = brokers.find(({ nodeId }) => nodeId === leaderId);
      if (broker === undefined) {
        throw new KafkaFailure(`Kafka at ${link.address}: no leader for partition ${partition} of "${name}"`);
      }
      return { partition, address: { host: broker.host, port: broker.port } };
    });
    if (topic === undefined || leaders.length === 0) {
      throw new KafkaFailure(`Kafka at ${link.address}: no partition of "${name}"`, "LEADER_NOT_AVAILABLE");
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

  /** With one partition, for order, and as many replicas as the cluster makes by default. */
  async #create(link: KafkaConnection, name: string, links: KafkaConnections): Promise<void> {
    const { brokers, controllerId } = await link.call(this.kafka.metadataV12.api, [], false, false);
    const controller = brokers.find(({ nodeId }) => nodeId === controllerId);
    const topic = { name, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
    try {
      const maker = controller === undefined ? link : await links.get(controller);
      await maker.call(this.kafka.createTopicsV7.api, [topic], this.#options.requestTimeout, false);
    } catch (error) {
      const { id, message, isTransient } = error as KafkaFailure;
      if (id === undefined) {
        throw error;
      }
      if (id !== "TOPIC_ALREADY_EXISTS") {
        throw new KafkaFailure(`the topic "${name}" is missing and was not made: ${message}`, id, isTransient);
      }
    }
  }
}
