import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { type Command, commandsOf } from "./resp.js";

/** Stands between a program and Redis, and keeps the bytes that the program sends. */
export interface Tap {
  /** Of Redis, for the program. */
  readonly url: string;
  /** The command with that text in it. Waits for it. @throws Error when none comes */
  command(text: string): Promise<Command>;
  /** What was sent so far is of no interest any more. */
  forget(): void;
  close(): void;
}

export async function openTap(redisPort: number): Promise<Tap> {
  const streams: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const server = createServer((client) => {
    const chunks: Buffer[] = [];
    streams.push(chunks);
    const redis = connect(redisPort, "127.0.0.1");
    for (const socket of [client, redis]) {
      sockets.add(socket);
      // Either end may go first; what was sent until then is all that counts.
      socket.on("error", () => {});
      socket.once("close", () => [client, redis].forEach((each) => void each.destroy()));
    }
    client.on("data", (chunk) => {
      chunks.push(chunk);
      redis.write(chunk);
      for (const wake of waiting) {
        wake();
      }
    });
    redis.pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const find = (text: string): Command | undefined =>
    streams
      .flatMap((chunks) => commandsOf(Buffer.concat(chunks)))
      .find(({ args }) => args.some((arg) => arg.includes(text)));

  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}/0`,
    async command(text) {
      let wake = (): void => {};
      const found = new Promise<Command>((resolve) => {
        wake = () => {
          const command = find(text);
          if (command !== undefined) {
            resolve(command);
          }
        };
      });
      waiting.add(wake);
      wake();
      try {
        return await withTimeout(`a command with ${text}`, found);
      } finally {
        waiting.delete(wake);
      }
    },
    forget() {
      for (const chunks of streams) {
        chunks.length = 0;
      }
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
