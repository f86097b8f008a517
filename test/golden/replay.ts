import { Producer } from "@platformatic/kafka";
import { connect } from "amqplib";
import { Redis } from "ioredis";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { CHANNEL, type Tapped } from "./taps.js";

/** Puts messages on the broker as Python's managers do, with the broker's own client: the counterpart of `taps.ts`. */
export type Replay = (messages: readonly Tapped[]) => Promise<void>;

export async function replayToRedis(scope: Scope, url: string): Promise<Replay> {
  const redis = new Redis(url);
  cleanUp(scope, () => redis.disconnect());
  return async (messages) => {
    await Promise.all(
      messages.map(({ carrier, payload }) => redis.publish(String(carrier.channel), wrapped(carrier, payload))),
    );
  };
}

/** In the envelope of Kombu, if there is one. */
function wrapped({ envelope }: Tapped["carrier"], payload: Buffer): Buffer | string {
  return envelope === undefined ? payload : JSON.stringify({ ...envelope, body: payload.toString("base64") });
}

export async function replayToRabbitmq(scope: Scope, url: string): Promise<Replay> {
  const connection = await connect(url);
  cleanUp(scope, () => connection.close());
  const channel = await connection.createConfirmChannel();
  return async (messages) => {
    for (const { carrier, payload } of messages) {
      const { exchange, routingKey, properties } = carrier as Readonly<Record<"exchange" | "routingKey", string>> & {
        readonly properties: object;
      };
      channel.publish(exchange, routingKey, payload, properties);
    }
    await channel.waitForConfirms();
  };
}

export function replayToKafka(scope: Scope, port: number): Replay {
  const producer = new Producer({ clientId: "golden-replay", bootstrapBrokers: [`127.0.0.1:${port}`] });
  cleanUp(scope, () => producer.close());
  return async (messages) => {
    await producer.send({ messages: messages.map(({ payload }) => ({ topic: CHANNEL, value: payload })) });
  };
}
