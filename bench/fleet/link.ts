import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { now } from "../shared/clock.js";

/** The network between one process and the broker. */
export interface Link {
  readonly port: number;
  /** When each connection that was open ended, whichever side ended it. */
  readonly closings: readonly number[];
  /** Limits what the broker sends over each connection; undefined takes the limit away. */
  throttle(bytesPerSecond: number | undefined): void;
  /** Ends all connections, and refuses new ones until `restore()`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

const ADDRESS = "127.0.0.1";

/** Opens a link on a free port. @param brokerPort - called for each connection */
export async function openLink(brokerPort: () => number): Promise<Link> {
  const sockets = new Set<Socket>();
  const closings: number[] = [];
  let limit: number | undefined;
  const throttled = () =>
    new Transform({
      transform(bytes: Buffer, _encoding, done) {
        if (limit === undefined) {
          done(null, bytes);
        } else {
          pause((bytes.byteLength / limit) * 1_000).then(() => done(null, bytes), done);
        }
      },
    });
  const watch = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((client) => {
    const broker = connect(brokerPort(), ADDRESS);
    client.setNoDelay(true);
    broker.setNoDelay(true);
    watch(client, broker);
    watch(broker, client);
    broker.once("connect", () => broker.once("close", () => closings.push(now())));
    client.pipe(broker);
    broker.pipe(throttled()).pipe(client);
  });
  const listen = async (port: number): Promise<void> => {
    await once(server.listen(port, ADDRESS), "listening");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    closings,
    throttle: (bytesPerSecond) => {
      limit = bytesPerSecond;
    },
    cut: async () => {
      const closed = server.listening ? once(server, "close") : undefined;
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
    restore: async () => {
      if (!server.listening) {
        await listen(port);
      }
    },
  };
}
