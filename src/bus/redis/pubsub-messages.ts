import type { Redis } from "ioredis";
import { callApplication } from "../../util/listeners.js";
import { PubSubParser } from "./pubsub-parser.js";

type Listen = (chunk: Buffer) => void;

/**
 * Hears what is published on the channels that the connection subscribes to.
 *
 * The messages are taken from the socket before `ioredis` parses them, which would take most of the time that a message
 * costs. Where that cannot be done they come by its event, as they are documented to.
 */
export function onMessages(connection: Redis, onMessage: (channel: string, payload: Buffer) => void): void {
  connection.on("messageBuffer", (channel: Buffer, payload: Buffer) => onMessage(channel.toString(), payload));
  // Before anything can have been received: the connection has been made in this turn.
  connection.on("connect", () => {
    const { stream } = connection;
    const [parse] = (stream?.listeners("data") ?? []) as Listen[];
    if (parse !== undefined) {
      // What is thrown in the midst of a chunk would lose the rest of it, and the place in the stream.
      const take = (channel: string, payload: Buffer) => callApplication(() => onMessage(channel, payload));
      const splitter = new PubSubParser(take, (bytes) => parse.call(stream, bytes));
      stream.off("data", parse);
      stream.prependListener("data", (chunk: Buffer) => splitter.push(chunk));
    }
  });
}
