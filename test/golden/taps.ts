import { Admin, Consumer } from "@platformatic/kafka";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import type { BusName } from "./recordings.js";

/** The channel to which everything is published. */
export const CHANNEL = "golden";

/** A message as the broker delivers it. */
export interface Tapped {
  readonly payload: Buffer;
  /** Everything else that comes with it, except what differs each time. */
  readonly carrier: Readonly<Record<string, unknown>>;
}

/** Everything published from now on, received with the broker's own client and nothing of this package. */
export type Tap = Inbox<Tapped>;

export async function tapRedis(scope: Scope, url: string): Promise<Readonly<Record<"plain" | "kombu", Tap>>> {
  const redis = new Redis(url);
  cleanUp(scope, () => redis.disconnect());
  const taps = { plain: new Inbox<Tapped>(), kombu: new Inbox<Tapped>() };
  redis.on("pmessageBuffer", (_, name: Buffer, payload: Buffer) => {
    const channel = name.toString();
    if (channel === CHANNEL) {
      taps.plain.add({ payload, carrier: { channel } });
    } else if (channel.endsWith(`.${CHANNEL}`)) {
      taps.kombu.add(openEnvelope(channel, payload));
    }
  });
  await redis.psubscribe("*");
  return taps;
}

/** The message is the body of Kombu's envelope. Of the rest, only the delivery tag differs each time. */
function openEnvelope(channel: string, payload: Buffer): Tapped {
  const { body, ...envelope } = JSON.parse(payload.toString());
  const properties = { ...envelope.properties, delivery_tag: "(a UUID)" };
  return {
    payload: Buffer.from(body, "base64"),
    carrier: { channel, envelope: { body: "(base64 of the message)", ...envelope, properties } },
  };
}

export async function tapRabbitmq(scope: Scope, url: string): Promise<Tap> {
  const tap: Tap = new Inbox();
  const connection = await connect(url);
  cleanUp(scope, () => connection.close());
  const channel = await connection.createChannel();
  // As both Python managers declare it: RabbitMQ refuses a second declaration that differs.
  await channel.assertExchange(CHANNEL, "fanout", { durable: false, autoDelete: false });
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, CHANNEL, "");
  await channel.consume(
    queue,
    (message) => {
      if (message !== null) {
        const { exchange, routingKey } = message.fields;
        const { messageId, ...others } = message.properties;
        const present = Object.entries(others).filter(([, value]) => value !== undefined);
        const id = messageId === undefined ? {} : { messageId: "(32 hex digits)" };
        tap.add({
          payload: message.content,
          carrier: { exchange, routingKey, properties: { ...Object.fromEntries(present), ...id } },
        });
      }
    },
    { noAck: true },
  );
  return tap;
}

export async function tapKafka(scope: Scope, port: number): Promise<Tap> {
  const tap: Tap = new Inbox();
  const bootstrapBrokers = [`127.0.0.1:${port}`];
  const admin = new Admin({ clientId: "golden", bootstrapBrokers });
  cleanUp(scope, () => admin.close());
  await admin.createTopics({ topics: [CHANNEL], partitions: 1, replicas: 1 });
  const consumer = new Consumer({ clientId: "golden", groupId: "golden", bootstrapBrokers });
  cleanUp(scope, () => consumer.close(true));
  const stream = await consumer.consume({ topics: [CHANNEL], mode: "earliest", autocommit: false, maxWaitTime: 50 });
  stream.on("data", ({ topic, key, value, headers }) => {
    const named = [...headers].map(([name, content]) => [name.toString(), content.toString()]);
    tap.add({ payload: value, carrier: { topic, key: key?.toString() || null, headers: Object.fromEntries(named) } });
  });
  return tap;
}

export type Taps = Readonly<Record<BusName, Tap>>;
