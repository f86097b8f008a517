import { isRefusal, type KafkaConnection, type KafkaConnections, KafkaFailure } from "./connection.js";
import type { KafkaMetadata } from "./metadata.js";

/** Kafka keeps order within a partition only. */
const PARTITION = 0;

/** All replicas that are in step: a message that is confirmed outlives the broker that took it. */
const ACKS_ALL = -1;

/** A broker hangs up on longer requests, without a word (`socket.request.max.bytes`, 100 MiB by default). */
const MOST_BYTES = 99 * 1024 * 1024;

/** The connections to those who lead the channels' partitions, until the first of them fails. */
export class KafkaProducerSession {
  readonly #cluster: KafkaMetadata;
  readonly #links: KafkaConnections;
  readonly #requestTimeout: number;
  readonly #leaders = new Map<string, Promise<KafkaConnection>>();
  #failure: unknown;

  constructor(cluster: KafkaMetadata, requestTimeout: number) {
    this.#cluster = cluster;
    this.#links = cluster.links(requestTimeout);
    this.#requestTimeout = requestTimeout;
  }

  /** Connects. A channel that is refused is so again when something is to be written to it. */
  async prepare(channel: string): Promise<void> {
    try {
      await this.#leader(channel);
    } catch (error) {
      if (!isRefusal(error)) {
        this.fail(error);
        throw error;
      }
    }
  }

  /** @throws KafkaFailure; after one that is transient the session is over */
  async produce(channel: string, payloads: readonly Buffer[]): Promise<void> {
    const [first = Buffer.alloc(0)] = payloads;
    if (first.byteLength > MOST_BYTES) {
      throw new KafkaFailure(`${first.byteLength} bytes are more than ${MOST_BYTES}`, "MESSAGE_TOO_LARGE", false);
    }
    try {
      const link = await this.#leader(channel);
      const records = payloads.map((value) => ({ topic: channel, partition: PARTITION, value }));
      await link.call(this.#cluster.kafka.produceV8.api, ACKS_ALL, this.#requestTimeout, records, {});
    } catch (error) {
      if (!isRefusal(error)) {
        this.fail(error);
      }
      throw error;
    }
  }

  fail(error: unknown): void {
    this.#failure ??= error;
    this.close();
  }

  assertAlive(): void {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  close(): void {
    this.#links.close();
  }

  #leader(channel: string): Promise<KafkaConnection> {
    const known = this.#leaders.get(channel);
    if (known !== undefined) {
      return known;
    }
    const leader = this.#findLeader(channel);
    this.#leaders.set(channel, leader);
    // Rights may be given later.
    leader.catch(() => this.#leaders.delete(channel));
    return leader;
  }

  async #findLeader(channel: string): Promise<KafkaConnection> {
    const { leaders } = await this.#cluster.locate(channel, this.#links);
    const leader = leaders.find(({ partition }) => partition === PARTITION);
    if (leader === undefined) {
      throw new KafkaFailure(`the topic "${channel}" has no partition ${PARTITION}`);
    }
    return await this.#links.get(leader.address);
  }
}
