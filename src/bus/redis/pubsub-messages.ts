import type { Redis } from "ioredis";
import { PubSubParser } from "./pubsub-parser.js";

type OnData = (chunk: Buffer) => void;

/**
 * Receives what is published on the channels that the connection subscribes to.
 *
 * Messages are taken from the socket before ioredis parses them, which would be most of what a message costs. Where that
 * cannot be done they come by its documented event.
 *
 * @param onMessage - must not throw: the rest of the chunk would be lost, and the position in the stream
 */
export function onMessages(connection: Redis, onMessage: (channel: string, payload: Buffer) => void): void {
  connection.on("messageBuffer", (channel: Buffer, payload: Buffer) => onMessage(channel.toString(), payload));
  // Before anything can have been received: the connection was made in this turn of the event loop.
  connection.on("connect", () => {
    const { stream } = connection;
    const [parse] = (stream?.listeners("data") ?? []) as OnData[];
    if (parse === undefined) {
      return;
    }
    const parser = new PubSubParser(onMessage, (bytes) => parse.call(stream, bytes));
    stream.off("data", parse);
    stream.prependListener("data", (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch (error) {
        // A payload for which there is no memory, say. A new connection starts at the beginning of a reply.
        stream.destroy(error as Error);
      }
    });
  });
}
