import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough, type Transform } from "node:stream";

const ADDRESS = "127.0.0.1";

/** A port behind which a broker is reached. */
export interface Relay {
  readonly port: number;
  /** Ends all connections, and refuses new ones. */
  close(): Promise<void>;
  /** Accepts connections at the same port again. */
  reopen(): Promise<void>;
}

export interface RelayOptions {
  /** Called for each connection. */
  brokerPort(): number;
  /** What the broker sends passes through it. */
  transform(client: Socket): Transform;
  /** What clients send passes through it. @default unchanged */
  transformRequests?(): Transform;
  /** The broker's side of each connection. */
  onBroker?(broker: Socket): void;
}

/** Opens a relay on a free port. */
export async function openRelay({
  brokerPort,
  transform,
  transformRequests = () => new PassThrough(),
  onBroker,
}: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const watch = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      // What came before an end in order still passes, held up or not, and then the end itself.
      if (!socket.readableEnded) {
        other.destroy();
      }
    });
  };
  const server = createServer((client) => {
    const broker = connect(brokerPort(), ADDRESS);
    client.setNoDelay(true);
    broker.setNoDelay(true);
    watch(client, broker);
    watch(broker, client);
    onBroker?.(broker);
    client.pipe(transformRequests()).pipe(broker);
    broker
      .pipe(transform(client))
      .on("error", () => {})
      .pipe(client);
  });
  const listen = async (port: number): Promise<void> => {
    await once(server.listen(port, ADDRESS), "listening");
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      const closed = server.listening ? once(server, "close") : undefined;
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
      await closed;
    },
    reopen: async () => {
      if (!server.listening) {
        await listen(port);
      }
    },
  };
}
