import { createHash } from "node:crypto";
import type { ChannelModel } from "amqplib";
import { atMost } from "../../util/at-most.js";
import { type AmqpError, endOf } from "./connection.js";

/**
 * Ours outlives a lost connection, unlike Python's, which is declared again under another name each time. Durable,
 * because RabbitMQ 4.3 accepts no other queue that is not exclusive, and an exclusive one dies with its connection.
 * Classic, whatever the default of the virtual host: a quorum queue has no exclusive consumers.
 */
export const QUEUE = {
  durable: true,
  autoDelete: false,
  exclusive: false,
  arguments: {
    "x-queue-type": "classic",
    // As Python's queues. Milliseconds after its host is gone, until RabbitMQ deletes the queue.
    "x-expires": 300_000,
    // Beyond the limits, the oldest messages are dropped first.
    "x-overflow": "drop-head",
    "x-max-length": 100_000,
    "x-max-length-bytes": 128 * 1024 * 1024,
  },
} as const;

/**
 * An exchange of our own, to which only our queue is bound. It is gone when the queue is, and when a restart cost the
 * broker all bindings, those of other hosts included. With Khepri (new nodes of RabbitMQ 4.2 and later), bindings
 * survive a restart.
 */
export const MARKER = { durable: false, autoDelete: true } as const;

const MAX_NAME_LENGTH = 255;

/** @param generation - counts the queues that this host had before on the channel */
export function queueName(host: string, generation: number, channel: string): string {
  const prefix = `socketio-python-bridge.${generation === 0 ? host : `${host}-${generation}`}.`;
  const name = prefix + channel;
  const isShort = Buffer.byteLength(name) <= MAX_NAME_LENGTH;
  return isShort ? name : prefix + createHash("sha256").update(channel).digest("hex");
}

/** The reply code for a queue that was there, and whose node is down. */
export const NODE_DOWN = 404;

/** How long the broker may take to find a queue that it has, in milliseconds. */
const ANSWER_MS = 5_000;

/** RabbitMQ 4.3 does not answer where earlier releases say that the node of the queue is down. */
export async function untilAnswered(reply: Promise<unknown>): Promise<void> {
  if (!(await atMost(ANSWER_MS, reply))) {
    const message = `no answer within ${ANSWER_MS} ms: its node may be down or inaccessible`;
    throw Object.assign(new Error(message), { code: NODE_DOWN });
  }
}

/** Over a channel of its own, which the broker closes where there is none. */
export async function hasExchange(model: ChannelModel, name: string): Promise<boolean> {
  const channel = await model.createChannel();
  void endOf(channel);
  try {
    await channel.checkExchange(name);
    await channel.close();
    return true;
  } catch (error) {
    if ((error as AmqpError).code === 404) {
      return false;
    }
    throw error;
  }
}
