import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { debugLog } from "../../util/debug.js";
import { startRetryLoop } from "../core/retry-loop.js";
import { type AmqpError, amqpError, EXCHANGE, endOf, type OpenConnection } from "./connection.js";
import { hasExchange, MARKER, NODE_DOWN, QUEUE, queueName, untilAnswered } from "./queue.js";
import { RedeliveryFilter } from "./redelivery-filter.js";

/** Most messages that the broker sends ahead of their acknowledgement. */
const PREFETCH = 256;
/** How long the broker may take to make a queue and all that belongs to it, in milliseconds. */
const START_MS = 20_000;
/** Messages are acknowledged together when there are this many. */
const ACKNOWLEDGE_AT = 64;

const debug = debugLog("rabbitmq");

export interface ConsumerEvents {
  /** Never throws. */
  onMessage(payload: Uint8Array): void;
  /** Messages arrive from now on. `areBindingsLost`: a restart cost the broker the bindings of all hosts. */
  onActive(areBindingsLost: boolean): void;
  /** The queue or its binding was gone: what others published until now is lost. */
  onGap(error: BridgeError): void;
  /** The subscription is lost while the connection is open, and is made again. */
  onLost(error: BridgeError): void;
  /** The broker denies it. @returns whether to keep asking */
  onRefused(error: BridgeError): boolean;
  /** The connection is of no use, whatever its state. */
  onUnanswered(reason: string): void;
}

/** What a host receives of one channel: a queue of its own, bound to the exchange of that name. */
export class RabbitmqConsumer {
  readonly #channel: string;
  readonly #host: string;
  readonly #events: ConsumerEvents;
  readonly #redeliveries = new RedeliveryFilter();
  #generation = 0;
  #isDeclared = false;
  /** Whether that queue was ever read from, so that something may have waited in it. */
  #wasActive = false;
  #abandonedQueue: string | undefined;
  #areBindingsLost = false;
  /** Why messages are lost, until that is reported. */
  #gap: AmqpError | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #isRemoved = false;

  /** @param host - names the queue */
  constructor(channel: string, host: string, events: ConsumerEvents) {
    this.#channel = channel;
    this.#host = host;
    this.#events = events;
  }

  /** Consumes as long as the connection is open. */
  consume(connection: OpenConnection): void {
    startRetryLoop({
      session: (connected) => this.#session(connection, connected),
      onFailure: ({ delay }) => debug("consuming from %o again in %d ms", this.#queue, delay),
      signal: connection.lifetime,
    });
  }

  /** Consumes from another queue, from the next connection on. */
  replaceQueue(): void {
    this.#abandonedQueue ??= this.#queue;
    this.#rename();
  }

  /** Deletes the queue, which takes the marker with it. */
  async remove({ model }: OpenConnection): Promise<void> {
    this.#isRemoved = true;
    const channel = await model.createChannel();
    void endOf(channel);
    // A declaration may be on its way over another channel, and arrive after the deletion.
    await this.#starting.catch(() => {});
    await channel.deleteQueue(this.#queue);
  }

  /** Stays the same for the life of the host, unless it can no longer be used. */
  get #queue(): string {
    return queueName(this.#host, this.#generation, this.#channel);
  }

  /** Rejects when it is to be made again. */
  async #session({ name, model, lifetime }: OpenConnection, connected: () => void): Promise<void> {
    const isOver = (): boolean => lifetime.aborted || this.#isRemoved;
    if (isOver()) {
      return;
    }
    const starting = this.#start(name, model);
    this.#starting = starting;
    let reason: AmqpError;
    try {
      if (!(await atMost(START_MS, starting))) {
        this.#events.onUnanswered(
          `it does not answer who subscribes to "${this.#channel}" within ${START_MS / 1_000} s`,
        );
        return;
      }
      const { ended } = await starting;
      connected();
      reason = (await ended) ?? new Error("its queue was deleted");
      if (isOver()) {
        return;
      }
      this.#events.onLost(this.#error(`${name} ended the subscription to`, reason));
    } catch (error) {
      reason = error as AmqpError;
      if (isOver() || !this.#isWorthRetrying(name, reason)) {
        return;
      }
    }
    throw reason;
  }

  #isWorthRetrying(name: string, reason: AmqpError): boolean {
    if (reason.code === 403 && reason.message.includes("in exclusive use")) {
      // By our connection that was lost, which the broker has not noticed yet.
      return true;
    }
    const error = this.#error(`${name} refused to subscribe to`, reason);
    if (reason.code === 403 || reason.code === 406) {
      return this.#events.onRefused(error);
    }
    this.#events.onLost(error);
    return true;
  }

  #error(what: string, reason: AmqpError): BridgeError {
    return amqpError(`${what} "${this.#channel}"`, reason);
  }

  async #start(name: string, model: ChannelModel): Promise<{ ended: Promise<AmqpError | undefined> }> {
    if (this.#isDeclared && this.#wasActive && !(await hasExchange(model, this.#queue))) {
      this.#areBindingsLost = true;
      this.#gap ??= new Error("its queue or its binding was gone");
    }
    const channel = await model.createChannel();
    const ended = endOf(channel);
    await channel.prefetch(PREFETCH);
    await channel.assertExchange(this.#channel, "fanout", EXCHANGE);
    if (!(await this.#declareQueue(channel))) {
      return this.#start(name, model);
    }
    await channel.bindQueue(this.#queue, this.#channel, "");
    await channel.assertExchange(this.#queue, "fanout", MARKER);
    await channel.bindQueue(this.#queue, this.#queue, "");
    this.#redeliveries.restart();
    // Exclusive, of our lost connection too: it might hold messages back until they are out of order.
    await channel.consume(this.#queue, (message) => this.#onDelivery(channel, message), { exclusive: true });
    void this.#deleteAbandonedQueue(model).catch(() => {});
    const areBindingsLost = this.#areBindingsLost;
    this.#areBindingsLost = false;
    this.#reportGap(name);
    this.#wasActive = true;
    this.#events.onActive(areBindingsLost);
    return { ended };
  }

  /** @returns false if the earlier queue is out of reach, as on a node of a cluster that is down; there is a new name */
  async #declareQueue(channel: Channel): Promise<boolean> {
    const declared = channel.assertQueue(this.#queue, QUEUE);
    try {
      await (this.#isDeclared ? untilAnswered(declared) : declared);
      this.#isDeclared = true;
    } catch (error) {
      const { code } = error as AmqpError;
      if (!this.#isDeclared || code === undefined || code === 403) {
        throw error;
      }
      this.#gap = error as AmqpError;
      if (code === NODE_DOWN) {
        // Other hosts have lost their queues with the same node.
        this.#areBindingsLost = true;
        this.replaceQueue();
      } else {
        // Somebody else has made a queue of that name.
        this.#rename();
      }
    }
    return this.#isDeclared;
  }

  #reportGap(name: string): void {
    if (this.#gap !== undefined) {
      this.#events.onGap(this.#error(`${name}: what others published meanwhile is lost to this host on`, this.#gap));
      this.#gap = undefined;
    }
  }

  #rename(): void {
    this.#isDeclared = false;
    this.#generation += 1;
    this.#redeliveries.forget();
  }

  /** Without an effect, the queue expires by itself. */
  async #deleteAbandonedQueue(model: ChannelModel): Promise<void> {
    if (this.#abandonedQueue !== undefined) {
      const channel = await model.createChannel();
      void endOf(channel);
      await channel.deleteQueue(this.#abandonedQueue);
      this.#abandonedQueue = undefined;
    }
  }

  /** Untrusted input. What amqplib cannot parse, it reports as an error of the connection, which is then replaced. */
  #onDelivery(channel: Channel, message: ConsumeMessage | null): void {
    if (message === null) {
      // The broker cancels the consumer of a queue that is deleted.
      channel.close().catch(() => {});
      return;
    }
    if (!this.#redeliveries.isDuplicate(message.content, message.fields.redelivered)) {
      this.#events.onMessage(message.content);
    }
    this.#acknowledge(channel);
  }

  #acknowledge(channel: Channel): void {
    const deliveryTag = this.#redeliveries.nextAcknowledgement(ACKNOWLEDGE_AT);
    if (deliveryTag === undefined) {
      return;
    }
    try {
      // amqplib reads nothing but the tag of the message.
      channel.ack({ fields: { deliveryTag } } as ConsumeMessage, true);
    } catch {
      // The channel was closed meanwhile, and the broker delivers again over the next one.
      return;
    }
    // It changes nothing, but its reply shows that the broker has the acknowledgement.
    channel.prefetch(PREFETCH).then(
      () => {
        this.#redeliveries.acknowledged();
        this.#acknowledge(channel);
      },
      () => {},
    );
  }
}
