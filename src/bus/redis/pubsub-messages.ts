import type { Redis } from "ioredis";
import { PubSubParser } from "./pubsub-parser.js";
import { filterReplies } from "./sockets.js";

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
  filterReplies(connection, (parse) => {
    const parser = new PubSubParser(onMessage, parse);
    return (chunk) => parser.push(chunk);
  });
}
