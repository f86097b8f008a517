import { BridgeError } from "../../errors.js";
import type { Entry, Outbox } from "../core/outbox.js";
import { allOrFirstFailure, runWithReconnect } from "../core/reconnect.js";
import { isRefusal, KafkaFailure } from "./connection.js";
import type { KafkaMetadata } from "./metadata.js";
import { KafkaProducerSession } from "./producer-session.js";

export interface KafkaProducerOptions {
  readonly cluster: KafkaMetadata;
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

/** Well below the million bytes of a batch that a broker takes by default; a longer message goes alone. */
const BATCH_BYTES = 256 * 1024;
const BATCH_RECORDS = 2_000;

/**
 * Writes what the outbox holds, one batch of each channel at a time, so that a batch which is sent again stands before
 * those that follow it.
 */
export class KafkaProducer {
  readonly #options: KafkaProducerOptions;
  readonly #channels: Set<string>;
  readonly #ended: Promise<void>;
  #session: KafkaProducerSession | undefined;
  /** What was handed over and is not yet sent; undefined without a connection. */
  #queue: Entry[] | undefined;
  #wake = (): void => {};

  /** @param channel - the first that it is needed for */
  constructor(options: KafkaProducerOptions, channel: string) {
    this.#options = options;
    this.#channels = new Set([channel]);
    this.#ended = runWithReconnect({
      session: (began) => this.#work(began),
      onFailure: options.onFailure,
      signal: options.signal,
    });
  }

  /** Writes what the outbox holds, and stays connected to the broker that takes messages for the channel. */
  flush(channel: string): void {
    this.#channels.add(channel);
    this.#take();
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
    const session = new KafkaProducerSession(cluster, requestTimeout);
    this.#session = session;
    try {
      await allOrFirstFailure([...this.#channels].map((channel) => session.prepare(channel)));
      began();
      onConnected();
      this.#queue = [];
      for (;;) {
        session.assertAlive();
        this.#take();
        const entries = this.#queue.splice(0);
        if (entries.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else {
          await allOrFirstFailure([...byChannel(entries)].map(([channel, all]) => this.#write(session, channel, all)));
        }
      }
    } finally {
      this.#session = undefined;
      this.#queue = undefined;
      session.close();
      outbox.connectionLost();
      onLost();
    }
  }

  /** What waits for a batch that is on its way is not what waits for a broker, which has a bound. */
  #take(): void {
    for (const entry of this.#queue === undefined ? [] : this.#options.outbox.take()) {
      this.#queue?.push(entry);
    }
  }

  async #write(session: KafkaProducerSession, channel: string, entries: readonly Entry[]): Promise<void> {
    for (const batch of batches(entries)) {
      await this.#writeBatch(session, channel, batch);
    }
  }

  async #writeBatch(session: KafkaProducerSession, channel: string, batch: readonly Entry[]): Promise<void> {
    const { outbox } = this.#options;
    const now = performance.now();
    for (const entry of batch) {
      entry.handedOver = now;
    }
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
    const error = new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause });
    this.#options.onRefused(error);
    this.#options.outbox.refuse(entry, error);
  }
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
