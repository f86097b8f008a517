import { isRefusal, type KafkaConnection, type KafkaConnections, KafkaFailure } from "./connection.js";
import type { KafkaMetadata } from "./metadata.js";

/** Kafka keeps order within a partition only. */
const PARTITION = 0;

/** All replicas that are in sync: a message that is confirmed survives the loss of its leader. */
const ACKS_ALL = -1;

/** A broker closes the connection on longer requests, and gives no reason (`socket.request.max.bytes`, 100 MiB by default). */
const MAX_BYTES = 99 * 1024 * 1024;

/** The connections to the leaders of the channels' partitions, until the first of them fails. */
export class KafkaProducerSession {
  readonly #metadata: KafkaMetadata;
  readonly #connections: KafkaConnections;
  readonly #requestTimeout: number;
  readonly #leaders = new Map<string, Promise<KafkaConnection>>();
  #failure: unknown;

  /** @param requestTimeout - milliseconds that the broker may take for a batch */
  constructor(metadata: KafkaMetadata, requestTimeout: number) {
    this.#metadata = metadata;
    this.#connections = metadata.connections(requestTimeout);
    this.#requestTimeout = requestTimeout;
  }

  /** Connects. A channel that is refused here is refused again when something is produced to it. */
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
    if (first.byteLength > MAX_BYTES) {
      throw new KafkaFailure(`${first.byteLength} bytes are more than ${MAX_BYTES}`, "MESSAGE_TOO_LARGE", false);
    }
    try {
      const leader = await this.#leader(channel);
      const records = payloads.map((value) => ({ topic: channel, partition: PARTITION, value }));
      await leader.call(this.#metadata.kafka.produceV8.api, ACKS_ALL, this.#requestTimeout, records, {});
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
    this.#connections.close();
  }

  #leader(channel: string): Promise<KafkaConnection> {
    const known = this.#leaders.get(channel);
    if (known !== undefined) {
      return known;
    }
    const leader = this.#findLeader(channel);
    this.#leaders.set(channel, leader);
    // Rights may be granted later.
    leader.catch(() => this.#leaders.delete(channel));
    return leader;
  }

  async #findLeader(channel: string): Promise<KafkaConnection> {
    const { leaders } = await this.#metadata.locate(channel, this.#connections);
    const leader = leaders.find(({ partition }) => partition === PARTITION);
    if (leader === undefined) {
      throw new KafkaFailure(`the topic "${channel}" has no partition ${PARTITION}`);
    }
    return await this.#connections.get(leader.address);
  }
}
