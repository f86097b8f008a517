import { isUtf8 } from "node:buffer";
import type { ConfirmChannel, Options } from "amqplib";
import type { BridgeError } from "../../errors.js";
import { backoff } from "../../util/backoff.js";
import { pause } from "../../util/pause.js";
import type { Entry } from "../core/outbox.js";
import { type AmqpError, amqpError, EXCHANGE, endOf, type OpenConnection } from "./connection.js";

export interface PublisherEvents {
  onConfirmed(entry: Entry): void;
  onRefused(entry: Entry, error: BridgeError): void;
  onError(error: BridgeError): void;
  /** The broker is short of memory or disk, and takes nothing until `onUnblocked`. */
  onBlocked(reason: string): void;
  onUnblocked(): void;
}

/** Both managers of Python write so, and their own queues are of no use without it after a restart of the broker. */
const PERSISTENT = { persistent: true } as const;

/**
 * kombu hands on by the content type: text as str, which every python-socketio reads as JSON, anything else as bytes.
 * Text that is not UTF-8 would raise in its listener. aio-pika looks at neither.
 */
function properties(payload: Buffer): Options.Publish {
  return isUtf8(payload)
    ? { ...PERSISTENT, contentType: "text/plain", contentEncoding: "utf-8" }
    : { ...PERSISTENT, contentType: "application/data", contentEncoding: "binary" };
}

/** What amqplib says to the callback of a publish that the broker has answered with basic.nack. */
const NACKED = "message nacked";

/** The class of AMQP that publishing belongs to. */
const CLASS_BASIC = 60;

interface OpenChannel {
  readonly channel: ConfirmChannel;
  readonly ended: Promise<AmqpError | undefined>;
}

/** Publishes over one connection, to each exchange over a channel of its own: an error ends the channel, for all on it. */
export class RabbitmqPublisher {
  readonly #connection: OpenConnection;
  readonly #events: PublisherEvents;
  readonly #lanes = new Map<string, ExchangePublisher>();
  #isBlocked = false;

  constructor(connection: OpenConnection, events: PublisherEvents) {
    this.#connection = connection;
    this.#events = events;
    connection.model.on("blocked", (reason) => {
      this.#isBlocked = true;
      for (const lane of this.#lanes.values()) {
        lane.forgetBeats();
      }
      events.onBlocked(reason);
    });
    connection.model.on("unblocked", () => {
      this.#isBlocked = false;
      events.onUnblocked();
    });
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  send(entry: Entry): void {
    this.#lane(entry.channel).send(entry);
  }

  /** Resolves when the broker has it; rejects when it is not known to take it. */
  beat(channel: string, beat: string): Promise<void> {
    return this.#isBlocked ? Promise.reject(new Error("blocked")) : this.#lane(channel).beat(beat);
  }

  #lane(channel: string): ExchangePublisher {
    let lane = this.#lanes.get(channel);
    if (lane === undefined) {
      lane = new ExchangePublisher(channel, this.#connection, this.#events, () => this.#lanes.delete(channel));
      this.#lanes.set(channel, lane);
    }
    return lane;
  }
}

/** The way to one exchange. */
class ExchangePublisher {
  readonly #exchange: string;
  readonly #connection: OpenConnection;
  readonly #events: PublisherEvents;
  readonly #onEnd: () => void;
  /** In the order in which they are published; over a new channel once more. */
  readonly #unconfirmed = new Set<Entry>();
  /** What gives up the beats that are not answered. */
  readonly #beats = new Set<(reason: Error) => void>();
  #opening: Promise<OpenChannel> | undefined;
  #channel: ConfirmChannel | undefined;

  /** @param onEnd - the broker does not let us publish here; what comes next needs a new lane */
  constructor(exchange: string, connection: OpenConnection, events: PublisherEvents, onEnd: () => void) {
    this.#exchange = exchange;
    this.#connection = connection;
    this.#events = events;
    this.#onEnd = onEnd;
    void this.#run();
  }

  send(entry: Entry): void {
    this.#unconfirmed.add(entry);
    if (this.#channel !== undefined) {
      this.#publish(this.#channel, entry);
    }
  }

  async beat(text: string): Promise<void> {
    const lane = await this.#opening;
    const payload = Buffer.from(text);
    await new Promise<void>((resolve, reject) => {
      this.#beats.add(reject);
      lane?.channel.publish(this.#exchange, "", payload, properties(payload), (error) => {
        this.#beats.delete(reject);
        return error ? reject(error) : resolve();
      });
    });
  }

  forgetBeats(): void {
    for (const reject of this.#beats) {
      reject(new Error("no answer"));
    }
    this.#beats.clear();
  }

  async #run(): Promise<void> {
    const { lifetime } = this.#connection;
    let isWanted = true;
    for (let attempt = 1; isWanted && !lifetime.aborted; attempt += 1) {
      this.#opening = this.#open();
      const reason = await this.#opening.then(
        ({ ended }) => ended,
        (error: AmqpError) => error,
      );
      this.#channel = undefined;
      this.forgetBeats();
      isWanted = lifetime.aborted || this.#onEnded(reason);
      if (isWanted) {
        await pause(backoff(attempt), lifetime);
      }
    }
  }

  async #open(): Promise<OpenChannel> {
    const channel = await this.#connection.model.createConfirmChannel();
    const ended = endOf(channel);
    await channel.assertExchange(this.#exchange, "fanout", EXCHANGE);
    this.#channel = channel;
    for (const entry of this.#unconfirmed) {
      this.#publish(channel, entry);
    }
    return { channel, ended };
  }

  #publish(channel: ConfirmChannel, entry: Entry): void {
    const { payload } = entry;
    channel.publish(this.#exchange, "", payload, properties(payload), (error: Error | null) => {
      if (error === null) {
        this.#unconfirmed.delete(entry);
        this.#events.onConfirmed(entry);
      } else if (error.message === NACKED) {
        this.#refuse(entry, this.#error(new Error("a queue that is bound to it did not take the message")));
      }
    });
  }

  #refuse(entry: Entry, error: BridgeError): void {
    this.#unconfirmed.delete(entry);
    this.#events.onRefused(entry, error);
  }

  #error(reason: Error): BridgeError {
    return amqpError(`${this.#connection.name} refused to publish to "${this.#exchange}"`, reason);
  }

  /** @returns whether to try again */
  #onEnded(reason: AmqpError | undefined): boolean {
    const error = this.#error(reason ?? new Error("the channel was closed"));
    this.#events.onError(error);
    const entries = [...this.#unconfirmed];
    if (reason?.code === 406 && reason.classId === CLASS_BASIC) {
      // One is larger than the broker takes; which one it was it does not say.
      const [largest] = entries.sort((one, other) => other.payload.byteLength - one.payload.byteLength);
      if (largest !== undefined) {
        this.#refuse(largest, error);
      }
      return true;
    }
    if (reason?.code === 403 || reason?.code === 406) {
      this.#onEnd();
      for (const entry of entries) {
        this.#refuse(entry, error);
      }
      return false;
    }
    // As after 404: somebody has deleted the exchange, and it is declared again.
    return true;
  }
}
