import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { cleanUp } from "../../src/testing/scope.js";

/** The network between a bus and its broker. */
export interface BrokerProxy {
  readonly port: number;
  /** Nothing passes any more, without a sign: connections stay open, and new ones are accepted. */
  freeze(): void;
  /** Lets pass what was held back. */
  thaw(): void;
  /** From now on, what the broker sends passes at that many bytes a second, on each connection. */
  throttle(rate: number): void;
  /** From now on, what the broker sends and this accepts is lost. */
  withhold(isLost: (bytes: Buffer) => boolean): void;
  /** The clients of all open connections receive these bytes, as if the broker had sent them. */
  inject(bytes: Buffer): void;
  /** Ends all connections, and refuses new ones until `restore()`. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/**
 * Stands before a broker of this machine; gone when the test is over.
 *
 * @param ownPort - for a broker that tells its clients where to go. @default any free one
 */
export async function startProxy(t: ExecutionContext, brokerPort: number, ownPort = 0): Promise<BrokerProxy> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let isFrozen = false;
  let isLost = (_bytes: Buffer): boolean => false;
  let rate = Number.POSITIVE_INFINITY;
  const slowDown = (from: Socket, bytes: number): void => {
    from.pause();
    setTimeout(() => isFrozen || from.resume(), (1_000 * bytes) / rate);
  };
  const join = (from: Socket, to: Socket, isFromBroker = false): void => {
    sockets.add(from);
    from.on("data", (bytes) => {
      if (!(isFromBroker && isLost(bytes))) {
        to.write(bytes);
      }
      if (isFromBroker && Number.isFinite(rate)) {
        slowDown(from, bytes.byteLength);
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isFrozen) {
      from.pause();
    }
  };
  const server = createServer((client) => {
    const broker = connect(brokerPort, "127.0.0.1");
    clients.add(client);
    client.on("close", () => clients.delete(client));
    join(client, broker);
    join(broker, client, true);
  });
  const listen = async (port: number): Promise<void> => {
    await once(server.listen(port, "127.0.0.1"), "listening");
  };
  const cut = async (): Promise<void> => {
    const closed = server.listening ? once(server, "close") : undefined;
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
    await closed;
  };
  await listen(ownPort);
  const { port } = server.address() as AddressInfo;
  cleanUp(t, cut);
  return {
    port,
    freeze: () => {
      isFrozen = true;
      for (const socket of sockets) {
        socket.pause();
      }
    },
    thaw: () => {
      isFrozen = false;
      for (const socket of sockets) {
        socket.resume();
      }
    },
    throttle: (bytesPerSecond) => {
      rate = bytesPerSecond;
    },
    withhold: (condition) => {
      isLost = condition;
    },
    inject: (bytes) => {
      for (const client of clients) {
        client.write(bytes);
      }
    },
    cut,
    restore: () => listen(port),
  };
}
