import { globMatch } from "./glob.js";
import { bulk, encodeReply, type Protocol, type Reply } from "./reply.js";

/** One connection as the channels see it. */
export interface Subscriber {
  readonly protocol: Protocol;
  /** Names of channels and patterns, as latin1 strings: one character per byte. */
  readonly channels: Set<string>;
  readonly patterns: Set<string>;
  /** Takes a message of a channel or pattern. May drop the connection when its client does not read. */
  deliver(message: Message): void;
}

/** A published message in the form of each protocol, encoded when the first subscriber needs it. */
export class Message {
  readonly #reply: Reply;
  readonly #encoded = new Map<Protocol, readonly Buffer[]>();

  constructor(items: readonly Reply[]) {
    this.#reply = { type: "push", items };
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

type Kind = "channels" | "patterns";

/** Those who listen to one name, or to one pattern. */
interface Topic {
  readonly name: Buffer;
  readonly subscribers: Set<Subscriber>;
}

/** Who listens to what, over all connections. */
export class PubSub {
  readonly #topics: Record<Kind, Map<string, Topic>> = { channels: new Map(), patterns: new Map() };

  subscribe(kind: Kind, name: string, subscriber: Subscriber): void {
    subscriber[kind].add(name);
    const topic = this.#topics[kind].get(name);
    if (topic === undefined) {
      this.#topics[kind].set(name, { name: Buffer.from(name, "latin1"), subscribers: new Set([subscriber]) });
    } else {
      topic.subscribers.add(subscriber);
    }
  }

  unsubscribe(kind: Kind, name: string, subscriber: Subscriber): void {
    subscriber[kind].delete(name);
    const topic = this.#topics[kind].get(name);
    topic?.subscribers.delete(subscriber);
    if (topic?.subscribers.size === 0) {
      this.#topics[kind].delete(name);
    }
  }

  release(subscriber: Subscriber): void {
    for (const kind of ["channels", "patterns"] as const) {
      for (const name of subscriber[kind]) {
        this.unsubscribe(kind, name, subscriber);
      }
    }
  }

  /**
   * Channels come first, then patterns. A connection that listens to the channel and to two matching patterns gets
   * the message three times and counts three times, as in Redis.
   *
   * @returns the number of messages handed over
   */
  publish(channel: Buffer, payload: Buffer): number {
    const content = [bulk(channel), bulk(payload)];
    const topic = this.#topics.channels.get(channel.toString("latin1"));
    let receivers = topic === undefined ? 0 : deliver(topic, new Message([bulk("message"), ...content]));
    for (const pattern of this.#topics.patterns.values()) {
      if (globMatch(pattern.name, channel)) {
        receivers += deliver(pattern, new Message([bulk("pmessage"), bulk(pattern.name), ...content]));
      }
    }
    return receivers;
  }

  /** Channels with at least one subscriber; patterns do not count. */
  channels(pattern?: Buffer): Buffer[] {
    const names = [...this.#topics.channels.values()].map((topic) => topic.name);
    return pattern === undefined ? names : names.filter((name) => globMatch(pattern, name));
  }

  subscriberCount(channel: string): number {
    return this.#topics.channels.get(channel)?.subscribers.size ?? 0;
  }

  /** Different patterns, however many clients share one. */
  patternCount(): number {
    return this.#topics.patterns.size;
  }
}

/** A subscriber that is dropped on delivery leaves the set while it is walked, and still counts. */
function deliver({ subscribers }: Topic, message: Message): number {
  let receivers = 0;
  for (const subscriber of subscribers) {
    subscriber.deliver(message);
    receivers += 1;
  }
  return receivers;
}
