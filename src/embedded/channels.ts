import { bulk, encodeReply, type Protocol, type Reply } from "./reply.js";

/** A connection, as channels see it. */
export interface Subscriber {
  readonly protocol: Protocol;
  /** Names of its channels, as latin1 strings: one character per byte. */
  readonly channels: Set<string>;
  /** Takes a published message. May drop the connection if its client does not read. */
  deliver(message: Message): void;
}

/** A published message, encoded for each protocol when the first subscriber needs it. */
export class Message {
  readonly #reply: Reply;
  readonly #encoded = new Map<Protocol, readonly Buffer[]>();

  constructor(channel: Buffer, payload: Buffer) {
    this.#reply = { type: "push", items: [bulk("message"), bulk(channel), bulk(payload)] };
  }

  pieces(protocol: Protocol): readonly Buffer[] {
    const known = this.#encoded.get(protocol);
    if (known !== undefined) {
      return known;
    }
    const pieces = encodeReply(this.#reply, protocol);
    this.#encoded.set(protocol, pieces);
    return pieces;
  }
}

/** Which connection subscribes to which channel. */
export class Channels {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  subscribe(name: string, subscriber: Subscriber): void {
    subscriber.channels.add(name);
    const subscribers = this.#subscribers.get(name);
    if (subscribers === undefined) {
      this.#subscribers.set(name, new Set([subscriber]));
    } else {
      subscribers.add(subscriber);
    }
  }

  unsubscribe(name: string, subscriber: Subscriber): void {
    subscriber.channels.delete(name);
    const subscribers = this.#subscribers.get(name);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) {
      this.#subscribers.delete(name);
    }
  }

  /** Ends all subscriptions of a connection. */
  release(subscriber: Subscriber): void {
    for (const name of subscriber.channels) {
      this.unsubscribe(name, subscriber);
    }
  }

  /** @returns the number of subscribers. One that is dropped on delivery still counts. */
  publish(channel: Buffer, payload: Buffer): number {
    const message = new Message(channel, payload);
    let count = 0;
    for (const subscriber of this.#subscribers.get(channel.toString("latin1")) ?? []) {
      subscriber.deliver(message);
      count += 1;
    }
    return count;
  }

  subscriberCount(name: string): number {
    return this.#subscribers.get(name)?.size ?? 0;
  }
}
