import { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import type { BusCore } from "../core/bus-core.js";
import { type RetryFailure, type RetryLoop, startRetryLoop } from "../core/retry-loop.js";
import { allOrFirstFailure } from "./all-or-first-failure.js";
import type { KafkaAvailability } from "./availability.js";
import { IDLE_CLOSE_MS, isRefusal, type KafkaConnection, type KafkaConnections, KafkaFailure } from "./connection.js";
import { type FetchedPartition, fetchApi } from "./fetch.js";
import type { KafkaMetadata, KafkaTopic } from "./metadata.js";
import type { KafkaAddress } from "./url.js";

/** Longest that a fetch waits for a record at the broker, in milliseconds. */
const MAX_WAIT_MS = 1_000;

/** How often to check for new partitions, in heartbeats. */
const PARTITION_CHECK_HEARTBEATS = 6;

/** Of ListOffsets. */
const LATEST = -1n;
const EARLIEST = -2n;

const OFFSET_OUT_OF_RANGE = 1;

const debug = debugLog("kafka");

/**
 * Reads all partitions of a topic from the end. It joins no group, so none is left behind, and keeps its positions itself:
 * after a lost connection it reads on where it stopped.
 */
export class KafkaConsumer {
  readonly #channel: string;
  readonly #core: BusCore;
  readonly #metadata: KafkaMetadata;
  readonly #availability: KafkaAvailability;
  readonly #fetch: ReturnType<typeof fetchApi>;
  readonly #closing = new AbortController();
  readonly #loop: RetryLoop;
  /** By partition: the offset of the next record. */
  readonly #positions = new Map<number, bigint>();
  #topicId: string | undefined;
  #hasBegun = false;
  /** When the partitions were last counted. */
  #checkedAt = 0;
  #connections: KafkaConnections | undefined;

  constructor(channel: string, core: BusCore, metadata: KafkaMetadata, availability: KafkaAvailability) {
    this.#channel = channel;
    this.#core = core;
    this.#metadata = metadata;
    this.#availability = availability;
    this.#fetch = fetchApi(metadata.kafka);
    this.#loop = startRetryLoop({
      session: (connected) => this.#session(connected),
      onFailure: (failure) => this.#onFailure(failure),
      signal: this.#closing.signal,
      endsSilently: (lifetime) => lifetime >= IDLE_CLOSE_MS,
    });
  }

  /** Whether the topic, as far as it is known, has a single order: several partitions have none among them. */
  get isOrdered(): boolean {
    return this.#positions.size === 1;
  }

  /** Opens other connections. */
  replace(): void {
    this.#connections?.close();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.replace();
    await this.#loop.ended;
  }

  async #session(connected: () => void): Promise<void> {
    const connections = this.#metadata.connections();
    this.#connections = connections;
    try {
      const topic = await this.#metadata.locate(this.#channel, connections);
      this.#checkedAt = performance.now();
      this.#recognize(topic);
      const shares = byBroker(topic);
      await allOrFirstFailure(shares.map(({ address, partitions }) => this.#begin(connections, address, partitions)));
      this.#hasBegun = true;
      connected();
      this.#core.subscribed(this.#channel);
      this.#availability.reportIfReady();
      await allOrFirstFailure(
        shares.map(({ address, partitions }) => this.#read(connections, address, partitions, topic)),
        () => connections.close(),
      );
    } finally {
      connections.close();
      this.#core.subscriptionLost(this.#channel);
    }
  }

  #onFailure(failure: RetryFailure): void {
    const { error: cause, delay } = failure;
    debug("consumer of %o: %s; retrying in %d ms", this.#channel, cause, delay);
    if (!isRefusal(cause)) {
      this.#availability.consumerFailed(failure);
      return;
    }
    const message = `Kafka refused to let us read "${this.#channel}": ${cause.message}`;
    if (!this.#core.refused(this.#channel, new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause }))) {
      this.#closing.abort();
    }
    this.#availability.reportIfReady();
  }

  /** Messages are lost, or cannot be read; reading goes on. */
  #reportGap(reason: string): void {
    const message = `the channel "${this.#channel}" of Kafka: ${reason}`;
    this.#core.status.error(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message));
  }

  /** A topic that was deleted and created again holds nothing that was read before. */
  #recognize({ id }: KafkaTopic): void {
    if (this.#topicId !== undefined && this.#topicId !== id) {
      this.#reportGap("the topic was deleted and created again");
      for (const partition of this.#positions.keys()) {
        this.#positions.set(partition, 0n);
      }
    }
    this.#topicId = id;
  }

  /**
   * Fixes the positions, and checks that the broker lets us fetch: asking for the end needs fewer rights. What that
   * first response holds is fetched again once the bus knows that it is subscribed.
   */
  async #begin(connections: KafkaConnections, address: KafkaAddress, partitions: readonly number[]): Promise<void> {
    const connection = await connections.get(address);
    // Whatever is in a partition that was added later was written since.
    const start = this.#hasBegun ? EARLIEST : LATEST;
    for (const partition of partitions) {
      if (!this.#positions.has(partition)) {
        this.#positions.set(partition, await this.#offset(connection, partition, start));
      }
    }
    await this.#fetchOnce(connection, partitions, 0, () => {});
  }

  async #read(
    connections: KafkaConnections,
    address: KafkaAddress,
    partitions: readonly number[],
    topic: KafkaTopic,
  ): Promise<never> {
    const { heartbeatInterval } = this.#core;
    const maxWait = Math.min(MAX_WAIT_MS, heartbeatInterval);
    const connection = await connections.get(address);
    for (;;) {
      await this.#fetchOnce(connection, partitions, maxWait, (fetched) => this.#deliver(fetched));
      if (performance.now() - this.#checkedAt > PARTITION_CHECK_HEARTBEATS * heartbeatInterval) {
        this.#checkedAt = performance.now();
        const { leaders } = await this.#metadata.locate(this.#channel, connections);
        if (leaders.length !== topic.leaders.length) {
          throw new KafkaFailure(`the topic "${this.#channel}" has ${leaders.length} partitions now`);
        }
      }
    }
  }

  async #fetchOnce(
    connection: KafkaConnection,
    partitions: readonly number[],
    maxWait: number,
    onFetched: (fetched: FetchedPartition) => void,
  ): Promise<void> {
    const positions = partitions.map((partition) => ({ partition, offset: this.#positions.get(partition) ?? 0n }));
    for (const fetched of await connection.call(this.#fetch, { topic: this.#channel, maxWait, positions })) {
      if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
        await this.#reposition(connection, fetched.partition);
      } else if (fetched.errorCode !== 0) {
        throw connection.failureOf(fetched.errorCode);
      } else {
        onFetched(fetched);
      }
    }
  }

  #deliver({ partition, batches }: FetchedPartition): void {
    for (const { nextOffset, records, error } of batches) {
      const position = this.#positions.get(partition) ?? 0n;
      if (error !== undefined) {
        this.#reportGap(`records up to ${nextOffset} of partition ${partition} cannot be read: ${error.message}`);
      }
      for (const { offset, value } of records) {
        // A batch is returned whole, also when the position is in its middle. A record without a value is a deletion.
        if (offset >= position && value !== null) {
          this.#core.received(this.#channel, value);
        }
      }
      this.#positions.set(partition, nextOffset > position ? nextOffset : position);
    }
  }

  /** What was at the position is deleted, by age or by size; or the log was truncated before it. */
  async #reposition(connection: KafkaConnection, partition: number): Promise<void> {
    const position = this.#positions.get(partition) ?? 0n;
    const earliest = await this.#offset(connection, partition, EARLIEST);
    if (position < earliest) {
      this.#reportGap(`${earliest - position} records of partition ${partition} were deleted before they were read`);
      this.#positions.set(partition, earliest);
      return;
    }
    const latest = await this.#offset(connection, partition, LATEST);
    this.#reportGap(`partition ${partition} was truncated from ${position} to ${latest}`);
    this.#positions.set(partition, latest);
  }

  async #offset(connection: KafkaConnection, partition: number, timestamp: bigint): Promise<bigint> {
    const asked = { partitionIndex: partition, currentLeaderEpoch: -1, timestamp };
    const { topics } = await connection.call(this.#metadata.kafka.listOffsetsV5.api, -1, 0, [
      { name: this.#channel, partitions: [asked] },
    ]);
    return topics[0]?.partitions[0]?.offset ?? 0n;
  }
}

/** One fetch asks a broker for all its partitions. */
function byBroker({ leaders }: KafkaTopic): { readonly address: KafkaAddress; readonly partitions: number[] }[] {
  const shares = new Map<string, { readonly address: KafkaAddress; readonly partitions: number[] }>();
  for (const { partition, address } of leaders) {
    const name = `${address.host}:${address.port}`;
    const share = shares.get(name) ?? { address, partitions: [] };
    shares.set(name, share);
    share.partitions.push(partition);
  }
  return [...shares.values()];
}
