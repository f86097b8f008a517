import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { RequestParser } from "../../src/embedded/request-parser.js";
import { Inbox } from "../../src/testing/inbox.js";

/** The arguments of a command to Redis. */
export type RedisCommand = readonly Buffer[];

/** The bytes of a command, as every client library writes it: an array of bulk strings. */
export function encodeCommand(args: RedisCommand): Buffer {
  const bulks = args.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...bulks]);
}

const LIMITS = { maxArguments: 1_000, maxBytes: 2 ** 27 };

/** @returns a function that takes the chunks of a connection and gives the commands that are complete */
export function commandReader(): (chunk: Buffer) => readonly RedisCommand[] {
  const parser = new RequestParser();
  return (chunk) => {
    const commands: RedisCommand[] = [];
    parser.push(chunk);
    for (let parsed = parser.next(LIMITS); parsed !== undefined; parsed = parser.next(LIMITS)) {
      if (parsed.type === "malformed") {
        throw new Error(`this is not a command to Redis: ${parsed.reason}`);
      }
      commands.push(parsed.args);
    }
    return commands;
  };
}

/** Sits between a program and Redis, and keeps the commands that the program sends. */
export interface Tap {
  /** Of Redis, for the program. */
  readonly url: string;
  /** Waits for the command that contains the text, and gives its bytes. @throws Error when there is none in time */
  command(text: string): Promise<Buffer>;
  /** Drops the commands so far. */
  forget(): void;
  close(): void;
}

export async function openTap(redisPort: number): Promise<Tap> {
  let commands = new Inbox<RedisCommand>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const read = commandReader();
    const redis = connect(redisPort, "127.0.0.1");
    for (const socket of [client, redis]) {
      sockets.add(socket);
      // Either end may close first; only what was sent until then matters.
      socket.on("error", () => {});
      socket.once("close", () => [client, redis].forEach((each) => void each.destroy()));
    }
    client.on("data", (chunk) => {
      redis.write(chunk);
      for (const command of read(chunk)) {
        commands.add(command);
      }
    });
    redis.pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}/0`,
    async command(text) {
      return encodeCommand(
        await commands.find(`a command with ${text}`, (args) => args.some((arg) => arg.includes(text))),
      );
    },
    forget() {
      commands = new Inbox<RedisCommand>();
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
