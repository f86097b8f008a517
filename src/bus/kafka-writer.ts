import { BridgeError } from "../errors.js";
import type { KafkaCluster } from "./kafka-cluster.js";
import { KafkaFailure, type KafkaLink, type KafkaLinks } from "./kafka-link.js";
import { keepTrying, together } from "./keep-trying.js";
import type { Entry, Outbox } from "./outbox.js";

export interface KafkaWriterOptions {
  readonly cluster: KafkaCluster;
  readonly outbox: Outbox;
  /** Milliseconds that the broker may take for a batch; the outbox gives it up earlier. */
  readonly requestTimeout: number;
  readonly signal: AbortSignal;
  onConnected(): void;
  onLost(): void;
  /** It goes on trying. */
  onFailure(error: unknown, attempt: number, delay: number): void;
  /** The broker does not take messages for that channel. */
  onRefused(error: BridgeError): void;
}

/** Kafka keeps order within a partition only. */
const PARTITION = 0;

/** All replicas that are in step: a message that is confirmed outlives the broker that took it. */
const ACKS_ALL = -1;

/** Well below the million bytes of a batch that a broker takes by default; a longer message goes alone. */
const BATCH_BYTES = 256 * 1024;
const BATCH_RECORDS = 2_000;

/** A broker hangs up on longer requests, without a word (`socket.request.max.bytes`, 100 MiB by default). */
const MOST_BYTES = 99 * 1024 * 1024;

/**
 * Writes what the outbox holds, one batch of each channel at a time, so that a batch which is sent again stands before
 * those that follow it.
 */
export class KafkaWriter {
  readonly #options: KafkaWriterOptions;
  readonly #channels: Set<string>;
  readonly #ended: Promise<void>;
  #session: Session | undefined;
  #wake = (): void => {};

  /** @param channel - the first that it is needed for */
  constructor(options: KafkaWriterOptions, channel: string) {
    this.#options = options;
    this.#channels = new Set([channel]);
    this.#ended = keepTrying({
      session: (began) => this.#work(began),
      onFailure: options.onFailure,
      signal: options.signal,
    });
  }

  /** Writes what the outbox holds, and stays connected to the broker that takes messages for the channel. */
  flush(channel: string): void {
    this.#channels.add(channel);
    this.#wake();
  }

  /** At once, past the outbox. @throws KafkaFailure also when there is no connection */
  async send(channel: string, payload: string): Promise<void> {
    const session = this.#session;
    if (session === undefined) {
      throw new KafkaFailure("no connection");
    }
    try {
      await session.produce(channel, [Buffer.from(payload)]);
    } catch (error) {
      // The session may have failed of it.
      this.#wake();
      throw error;
    }
  }

  /** Ends the present connections, which may be dead. */
  renew(): void {
    this.#session?.fail(new KafkaFailure("the broker did not answer"));
    this.#wake();
  }

  /** To be called after the signal. */
  close(): Promise<void> {
    this.renew();
    return this.#ended;
  }

  async #work(began: () => void): Promise<void> {
    const { cluster, outbox, requestTimeout, onConnected, onLost } = this.#options;
    const session = new Session(cluster, requestTimeout);
    this.#session = session;
    try {
      await together([...this.#channels].map((channel) => session.prepare(channel)));
      began();
      onConnected();
      for (;;) {
        session.assertAlive();
        const entries = outbox.take();
        if (entries.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else {
          await together([...byChannel(entries)].map(([channel, all]) => this.#write(session, channel, all)));
        }
      }
    } finally {
      this.#session = undefined;
      session.close();
      outbox.connectionLost();
      onLost();
    }
  }

  async #write(session: Session, channel: string, entries: readonly Entry[]): Promise<void> {
    for (const batch of batches(entries)) {
      await this.#writeBatch(session, channel, batch);
    }
  }

  async #writeBatch(session: Session, channel: string, batch: readonly Entry[]): Promise<void> {
    const { outbox } = this.#options;
    try {
      await session.produce(
        channel,
        batch.map(({ payload }) => payload),
      );
      for (const entry of batch) {
        outbox.confirm(entry);
      }
    } catch (error) {
      const [first] = batch as readonly [Entry, ...Entry[]];
      if (!isRefusal(error)) {
        throw error;
      }
      if (batch.length === 1) {
        this.#refuse(first, error);
        return;
      }
      // One of them is too large for this topic, or all together are.
      for (const entry of batch) {
        await this.#writeBatch(session, channel, [entry]);
      }
    }
  }

  #refuse(entry: Entry, cause: KafkaFailure): void {
    const message = `Kafka refused a message for "${entry.channel}": ${cause.message}`;
    const error = new BridgeError("BROKER_UNAVAILABLE", message, { cause });
    this.#options.onRefused(error);
    this.#options.outbox.refuse(entry, error);
  }
}

function isRefusal(error: unknown): error is KafkaFailure {
  return error instanceof KafkaFailure && !error.isTransient;
}

function byChannel(entries: readonly Entry[]): Map<string, Entry[]> {
  const channels = new Map<string, Entry[]>();
  for (const entry of entries) {
    const all = channels.get(entry.channel) ?? [];
    channels.set(entry.channel, all);
    all.push(entry);
  }
  return channels;
}

function* batches(entries: readonly Entry[]): Generator<readonly Entry[]> {
  let batch: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const { byteLength } = entry.payload;
    if (batch.length > 0 && (bytes + byteLength > BATCH_BYTES || batch.length === BATCH_RECORDS)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += byteLength;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/** The connections to those who lead the channels' partitions, until the first of them fails. */
class Session {
  readonly #cluster: KafkaCluster;
  readonly #links: KafkaLinks;
  readonly #requestTimeout: number;
  readonly #leaders = new Map<string, Promise<KafkaLink>>();
  #failure: unknown;

  constructor(cluster: KafkaCluster, requestTimeout: number) {
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

  #leader(channel: string): Promise<KafkaLink> {
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

  async #findLeader(channel: string): Promise<KafkaLink> {
    const { leaders } = await this.#cluster.locate(channel, this.#links);
    const leader = leaders.find(({ partition }) => partition === PARTITION);
    if (leader === undefined) {
      throw new KafkaFailure(`the topic "${channel}" has no partition ${PARTITION}`);
    }
    return await this.#links.get(leader.address);
  }
}
