import { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import type { BusCore } from "../core/bus-core.js";
import type { Entry } from "../core/outbox.js";
import { type RetryLoop, startRetryLoop } from "../core/retry-loop.js";
import { allOrFirstFailure } from "./all-or-first-failure.js";
import type { KafkaAvailability } from "./availability.js";
import { IDLE_CLOSE_MS, isRefusal, KafkaFailure } from "./connection.js";
import type { KafkaMetadata } from "./metadata.js";
import { KafkaProducerSession } from "./producer-session.js";

/** Well below the million bytes of a batch that a broker accepts by default; a longer message goes alone. */
const BATCH_BYTES = 256 * 1024;
const BATCH_RECORDS = 2_000;

const debug = debugLog("kafka");

/**
 * Produces what the outbox holds, one batch of each channel at a time, so that a batch which is sent again precedes those
 * that follow it.
 */
export class KafkaProducer {
  readonly #core: BusCore;
  readonly #metadata: KafkaMetadata;
  readonly #availability: KafkaAvailability;
  readonly #channels = new Set<string>();
  #loop: RetryLoop | undefined;
  #session: KafkaProducerSession | undefined;
  /** What was taken from the outbox and is not yet sent; undefined without a connection. */
  #queue: Entry[] | undefined;
  /** Whether messages are on their way, or were when the last session failed. */
  #isProducing = false;
  #wake = (): void => {};

  constructor(core: BusCore, metadata: KafkaMetadata, availability: KafkaAvailability) {
    this.#core = core;
    this.#metadata = metadata;
    this.#availability = availability;
  }

  /** Sends what the outbox holds, and stays connected to the leader of the channel. Connects, the first time. */
  flush(channel: string): void {
    this.#channels.add(channel);
    this.#loop ??= this.#start();
    this.#take();
    this.#wake();
  }

  /** Past the outbox. @throws KafkaFailure also without a connection */
  async publish(channel: string, message: Buffer): Promise<void> {
    const session = this.#session;
    if (session === undefined) {
      throw new KafkaFailure("no connection");
    }
    try {
      await session.produce(channel, [message]);
    } catch (error) {
      // That may have ended the session.
      this.#wake();
      throw error;
    }
  }

  /** Opens other connections. */
  replace(): void {
    this.#session?.fail(new KafkaFailure("the broker did not answer"));
    this.#wake();
  }

  /** Call when the bus is closing. */
  async close(): Promise<void> {
    this.replace();
    await this.#loop?.ended;
  }

  #start(): RetryLoop {
    return startRetryLoop({
      session: (connected) => this.#work(connected),
      onFailure: (failure) => {
        debug("producer: %s; retrying in %d ms", failure.error, failure.delay);
        this.#availability.producerFailed(failure);
      },
      signal: this.#core.closing,
      // What was on its way is sent again, and may arrive twice: that is told.
      endsSilently: (lifetime) => lifetime >= IDLE_CLOSE_MS && !this.#isProducing,
    });
  }

  async #work(connected: () => void): Promise<void> {
    // The outbox watches the confirms, and knows when it is the process that was blocked.
    const session = new KafkaProducerSession(this.#metadata, 4 * this.#core.heartbeatInterval);
    this.#session = session;
    this.#isProducing = false;
    try {
      await allOrFirstFailure([...this.#channels].map((channel) => session.prepare(channel)));
      debug("producer connected");
      connected();
      this.#queue = [];
      this.#core.outbox.resume();
      this.#availability.producerConnected();
      for (;;) {
        session.assertAlive();
        this.#take();
        const entries = this.#queue.splice(0);
        this.#isProducing = entries.length > 0;
        if (entries.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        } else {
          await allOrFirstFailure(
            [...byChannel(entries)].map(([channel, all]) => this.#produce(session, channel, all)),
          );
        }
      }
    } finally {
      this.#session = undefined;
      this.#queue = undefined;
      session.close();
      this.#core.outbox.connectionLost();
      this.#availability.producerLost();
    }
  }

  /** What waits for a batch that is on its way does not wait for the broker, and is not bounded. */
  #take(): void {
    for (const entry of this.#queue === undefined ? [] : this.#core.outbox.take()) {
      this.#queue?.push(entry);
    }
  }

  async #produce(session: KafkaProducerSession, channel: string, entries: readonly Entry[]): Promise<void> {
    for (const batch of batches(entries)) {
      await this.#produceBatch(session, channel, batch);
    }
  }

  async #produceBatch(session: KafkaProducerSession, channel: string, batch: readonly Entry[]): Promise<void> {
    const { outbox } = this.#core;
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
        await this.#produceBatch(session, channel, [entry]);
      }
    }
  }

  #refuse(entry: Entry, cause: KafkaFailure): void {
    const message = `Kafka refused a message for "${entry.channel}": ${cause.message}`;
    const error = new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message, { cause });
    this.#core.status.errorOnce(error);
    this.#core.outbox.refuse(entry, error);
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
