import { createHash } from "node:crypto";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { BridgeError } from "../../errors.js";
import { backoff } from "../../util/backoff.js";
import { callApplication } from "../../util/listeners.js";
import { pause } from "../../util/pause.js";
import { type AmqpError, amqpError, EXCHANGE, endOf, type OpenConnection } from "./connection.js";
import { RedeliveryFilter } from "./redelivery-filter.js";

/**
 * Ours outlives a lost connection, unlike Python's, which is declared anew under another name each time. Durable,
 * because RabbitMQ 4.3 takes no other that is not exclusive, and an exclusive one dies with its connection. Classic,
 * whatever the virtual host's default: a quorum queue has no exclusive consumers.
 */
const QUEUE = {
  durable: true,
  autoDelete: false,
  exclusive: false,
  arguments: {
    "x-queue-type": "classic",
    // Python's, in milliseconds: so long after its host is gone the queue is too.
    "x-expires": 300_000,
    // Of what waits there, the oldest goes first.
    "x-overflow": "drop-head",
    "x-max-length": 100_000,
    "x-max-length-bytes": 128 * 1024 * 1024,
  },
} as const;

/**
 * An exchange of our own, to which only our queue is bound: gone when the queue is, and gone when a broker that restarts
 * has forgotten the bindings of all others as well. From 4.2 on RabbitMQ does not forget them.
 */
const MARKER = { durable: false, autoDelete: true } as const;

/** Most messages that the broker sends ahead of their acknowledgement. */
const PREFETCH = 256;
/** Messages are acknowledged when there are so many. */
const ACKNOWLEDGE_AT = 64;

const LONGEST_NAME = 255;

export interface ConsumerEvents {
  onMessage(payload: Uint8Array): void;
  /** Messages arrive from now on. `isForgetful`: a restart has cost the broker the bindings of all hosts. */
  onActive(isForgetful: boolean): void;
  /** The subscription is lost while the connection is there, and is made again. */
  onLost(error: BridgeError): void;
  /** The broker does not grant it. @returns whether to go on asking */
  onRefused(error: BridgeError): boolean;
}

/** What a host hears of one channel: a queue of its own, bound to the exchange of that name. */
export class RabbitmqConsumer {
  readonly #channel: string;
  readonly #host: string;
  readonly #events: ConsumerEvents;
  readonly #applied = new RedeliveryFilter();
  #generation = 0;
  #isDeclared = false;
  #isForgetful = false;
  #starting: Promise<unknown> = Promise.resolve();
  #isRemoved = false;

  /** @param host - names the queue */
  constructor(channel: string, host: string, events: ConsumerEvents) {
    this.#channel = channel;
    this.#host = host;
    this.#events = events;
  }

  /** Consumes over this connection as long as it is there. */
  listen(connection: OpenConnection): void {
    void this.#listen(connection);
  }

  /** Deletes the queue, which takes the marker with it. */
  async remove({ model }: OpenConnection): Promise<void> {
    this.#isRemoved = true;
    const channel = await model.createChannel();
    void endOf(channel);
    // A declaration may be on its way, over another channel, that this would not come after.
    await this.#starting.catch(() => {});
    await channel.deleteQueue(this.#queue);
  }

  /** Stays the same for the life of the host, unless the broker will not have it any more. */
  get #queue(): string {
    const host = this.#generation === 0 ? this.#host : `${this.#host}-${this.#generation}`;
    const name = `socketio-python-bridge.${host}.${this.#channel}`;
    const isShort = Buffer.byteLength(name) <= LONGEST_NAME;
    return isShort
      ? name
      : name.slice(0, -this.#channel.length) + createHash("sha256").update(this.#channel).digest("hex");
  }

  /** Never rejects. */
  async #listen({ name, model, lifetime }: OpenConnection): Promise<void> {
    const isOver = (): boolean => lifetime.aborted || this.#isRemoved;
    let isWanted = true;
    for (let attempt = 1; isWanted && !isOver(); attempt += 1) {
      const starting = this.#start(model);
      this.#starting = starting;
      try {
        const { ended } = await starting;
        attempt = 1;
        const reason = await ended;
        if (!isOver()) {
          this.#events.onLost(this.#error(`${name} ended the subscription to`, reason));
        }
      } catch (error) {
        isWanted = isOver() || this.#onFailed(name, error as AmqpError);
      }
      await pause(backoff(attempt), lifetime);
    }
  }

  /** @returns whether to try again */
  #onFailed(name: string, reason: AmqpError): boolean {
    if (reason.code === 403 && reason.message.includes("in exclusive use")) {
      // By our connection that was lost, which the broker does not know yet.
      return true;
    }
    const error = this.#error(`${name} refused to subscribe to`, reason);
    if (reason.code === 403 || reason.code === 406) {
      return this.#events.onRefused(error);
    }
    this.#events.onLost(error);
    return true;
  }

  #error(what: string, reason: AmqpError | undefined): BridgeError {
    return amqpError(`${what} "${this.#channel}"`, reason ?? new Error("its queue was deleted"));
  }

  async #start(model: ChannelModel): Promise<{ ended: Promise<AmqpError | undefined> }> {
    this.#isForgetful ||= await this.#isMarkerGone(model);
    const channel = await model.createChannel();
    const ended = endOf(channel);
    await channel.prefetch(PREFETCH);
    await channel.assertExchange(this.#channel, "fanout", EXCHANGE);
    if (!(await this.#declareQueue(channel))) {
      return this.#start(model);
    }
    await channel.bindQueue(this.#queue, this.#channel, "");
    await channel.assertExchange(this.#queue, "fanout", MARKER);
    await channel.bindQueue(this.#queue, this.#queue, "");
    this.#applied.restart();
    // Nobody else may take of it; not even our lost connection, which might hold back some until they are out of order.
    await channel.consume(this.#queue, (message) => this.#onDelivery(channel, message), { exclusive: true });
    const isForgetful = this.#isForgetful;
    this.#isForgetful = false;
    this.#events.onActive(isForgetful);
    return { ended };
  }

  /** @returns false if the queue of before is out of reach, as on a node of a cluster that is down; there is a new name */
  async #declareQueue(channel: Channel): Promise<boolean> {
    try {
      await channel.assertQueue(this.#queue, QUEUE);
      this.#isDeclared = true;
    } catch (error) {
      const { code } = error as AmqpError;
      if (!this.#isDeclared || code === undefined || code === 403) {
        throw error;
      }
      this.#isDeclared = false;
      this.#generation += 1;
      this.#applied.forget();
    }
    return this.#isDeclared;
  }

  async #isMarkerGone(model: ChannelModel): Promise<boolean> {
    if (!this.#isDeclared) {
      return false;
    }
    const channel = await model.createChannel();
    void endOf(channel);
    try {
      await channel.checkExchange(this.#queue);
      await channel.close();
      return false;
    } catch (error) {
      if ((error as AmqpError).code === 404) {
        return true;
      }
      throw error;
    }
  }

  #onDelivery(channel: Channel, message: ConsumeMessage | null): void {
    if (message === null) {
      // The broker cancels the consumer of a queue that is deleted.
      channel.close().catch(() => {});
      return;
    }
    if (!this.#applied.isDuplicate(message.content, message.fields.redelivered)) {
      callApplication(() => this.#events.onMessage(message.content));
    }
    this.#acknowledge(channel);
  }

  #acknowledge(channel: Channel): void {
    const deliveryTag = this.#applied.acknowledge(ACKNOWLEDGE_AT);
    if (deliveryTag === undefined) {
      return;
    }
    // Of the message amqplib reads the tag alone.
    channel.ack({ fields: { deliveryTag } } as ConsumeMessage, true);
    // It changes nothing; its answer says that the broker has the acknowledgement.
    channel.prefetch(PREFETCH).then(
      () => {
        this.#applied.acknowledged();
        this.#acknowledge(channel);
      },
      () => {},
    );
  }
}
