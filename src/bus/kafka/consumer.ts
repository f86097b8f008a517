import { callApplication } from "../../util/listeners.js";
import { allOrFirstFailure, runWithReconnect } from "../core/reconnect.js";
import { type KafkaConnection, type KafkaConnections, KafkaFailure } from "./connection.js";
import { type FetchedPartition, fetchApi } from "./fetch.js";
import type { KafkaMetadata, KafkaTopic } from "./metadata.js";
import type { KafkaAddress } from "./url.js";

export interface KafkaConsumerOptions {
  readonly channel: string;
  readonly cluster: KafkaMetadata;
  /** Longest that a request for records waits at the broker, in milliseconds. */
  readonly maxWait: number;
  /** How often to look whether the topic has got more partitions, in milliseconds. */
  readonly lookInterval: number;
  readonly signal: AbortSignal;
  onMessage(payload: Uint8Array): void;
  /** The position is fixed: all that is published from now on comes. */
  onSubscribed(): void;
  onLost(): void;
  /** It goes on trying. */
  onFailure(error: unknown, attempt: number, delay: number): void;
  /** Something is lost, or cannot be read; reading goes on. */
  onGap(reason: string): void;
}

/** Of ListOffsets. */
const LATEST = -1n;
const EARLIEST = -2n;

const OFFSET_OUT_OF_RANGE = 1;

/**
 * Reads all partitions of a topic from the end on. It joins no group, so none is left behind, and the positions are
 * kept here: after a broken connection reading goes on where it stopped.
 */
export class KafkaConsumer {
  readonly #options: KafkaConsumerOptions;
  readonly #fetch: ReturnType<typeof fetchApi>;
  /** By partition: the offset of the next record. */
  readonly #positions = new Map<number, bigint>();
  readonly #ended: Promise<void>;
  #topicId: string | undefined;
  #hasBegun = false;
  #lookedAt = 0;
  #links: KafkaConnections | undefined;

  constructor(options: KafkaConsumerOptions) {
    this.#options = options;
    this.#fetch = fetchApi(options.cluster.kafka);
    this.#ended = runWithReconnect({
      session: (began) => this.#session(began),
      onFailure: options.onFailure,
      signal: options.signal,
    });
  }

  /** Whether the topic, as far as it is known, has one order. */
  get isOrdered(): boolean {
    return this.#positions.size === 1;
  }

  /** Ends the present connections, which may be dead. */
  renew(): void {
    this.#links?.close();
  }

  /** To be called after the signal. */
  close(): Promise<void> {
    this.renew();
    return this.#ended;
  }

  async #session(began: () => void): Promise<void> {
    const { channel, cluster, onSubscribed, onLost } = this.#options;
    const links = cluster.links();
    this.#links = links;
    try {
      const topic = await cluster.locate(channel, links);
      this.#lookedAt = performance.now();
      this.#recognize(topic);
      const shares = byBroker(topic);
      await allOrFirstFailure(shares.map(({ address, partitions }) => this.#begin(links, address, partitions)));
      this.#hasBegun = true;
      began();
      onSubscribed();
      await allOrFirstFailure(
        shares.map(({ address, partitions }) => this.#read(links, address, partitions, topic)),
        () => links.close(),
      );
    } finally {
      links.close();
      onLost();
    }
  }

  /** A topic that was deleted and made anew holds nothing that was read before. */
  #recognize({ id }: KafkaTopic): void {
    if (this.#topicId !== undefined && this.#topicId !== id) {
      this.#options.onGap("the topic was deleted and made anew");
      for (const partition of this.#positions.keys()) {
        this.#positions.set(partition, 0n);
      }
    }
    this.#topicId = id;
  }

  /**
   * Fixes the positions, and sees that the broker lets us read: asking for the end needs less of a right. What comes
   * with that answer is asked for again, when the bus knows that it is subscribed.
   */
  async #begin(links: KafkaConnections, address: KafkaAddress, partitions: readonly number[]): Promise<void> {
    const link = await links.get(address);
    // What stands in a partition that came later was written since.
    const start = this.#hasBegun ? EARLIEST : LATEST;
    for (const partition of partitions) {
      if (!this.#positions.has(partition)) {
        this.#positions.set(partition, await this.#offset(link, partition, start));
      }
    }
    await this.#fetchOnce(link, partitions, 0, () => {});
  }

  async #read(
    links: KafkaConnections,
    address: KafkaAddress,
    partitions: readonly number[],
    topic: KafkaTopic,
  ): Promise<never> {
    const { channel, cluster, maxWait, lookInterval } = this.#options;
    const link = await links.get(address);
    for (;;) {
      await this.#fetchOnce(link, partitions, maxWait, (fetched) => this.#deliver(fetched));
      if (performance.now() - this.#lookedAt > lookInterval) {
        this.#lookedAt = performance.now();
        const { leaders } = await cluster.locate(channel, links);
        if (leaders.length !== topic.leaders.length) {
          throw new KafkaFailure(`the topic "${channel}" has ${leaders.length} partitions now`);
        }
      }
    }
  }

  async #fetchOnce(
    link: KafkaConnection,
    partitions: readonly number[],
    maxWait: number,
    onFetched: (fetched: FetchedPartition) => void,
  ): Promise<void> {
    const positions = partitions.map((partition) => ({ partition, offset: this.#positions.get(partition) ?? 0n }));
    for (const fetched of await link.call(this.#fetch, { topic: this.#options.channel, maxWait, positions })) {
      if (fetched.errorCode === OFFSET_OUT_OF_RANGE) {
        await this.#reposition(link, fetched.partition);
      } else if (fetched.errorCode !== 0) {
        throw link.failureOf(fetched.errorCode);
      } else {
        onFetched(fetched);
      }
    }
  }

  #deliver({ partition, batches }: FetchedPartition): void {
    for (const { nextOffset, records, error } of batches) {
      const position = this.#positions.get(partition) ?? 0n;
      if (error !== undefined) {
        this.#options.onGap(`records up to ${nextOffset} of partition ${partition} cannot be read: ${error.message}`);
      }
      for (const { offset, value } of records) {
        // A batch begins where it was written, not where it is asked for. Without a value, a record is a deletion.
        if (offset >= position && value !== null) {
          callApplication(() => this.#options.onMessage(value));
        }
      }
      this.#positions.set(partition, nextOffset > position ? nextOffset : position);
    }
  }

  /** What stood at the position is deleted, by age or by size; or the log was cut back behind it. */
  async #reposition(link: KafkaConnection, partition: number): Promise<void> {
    const position = this.#positions.get(partition) ?? 0n;
    const earliest = await this.#offset(link, partition, EARLIEST);
    if (position < earliest) {
      this.#options.onGap(
        `${earliest - position} records of partition ${partition} were deleted before they were read`,
      );
      this.#positions.set(partition, earliest);
      return;
    }
    const latest = await this.#offset(link, partition, LATEST);
    this.#options.onGap(`partition ${partition} was cut back from ${position} to ${latest}`);
    this.#positions.set(partition, latest);
  }

  async #offset(link: KafkaConnection, partition: number, timestamp: bigint): Promise<bigint> {
    const { channel, cluster } = this.#options;
    const asked = { partitionIndex: partition, currentLeaderEpoch: -1, timestamp };
    const { topics } = await link.call(cluster.kafka.listOffsetsV5.api, -1, 0, [
      { name: channel, partitions: [asked] },
    ]);
    return topics[0]?.partitions[0]?.offset ?? 0n;
  }
}

/** Each broker is asked for all its partitions at once. */
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
