import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Redis } from "ioredis";

/** The part of ioredis that opens sockets. */
interface Connector {
  connect(...args: readonly unknown[]): Promise<Socket>;
}

/**
 * Watches the sockets that a client opens. ioredis takes the first error of each, and the second one, such as the alert of
 * a server whose certificate was refused, would end the process. Call it before the client connects.
 *
 * What ioredis says first is written in one go: a server that turns clients away has closed the connection by then, and
 * the second write would fail before its reason is read.
 */
export function guardSockets(client: Redis): Redis {
  const { connector } = client as unknown as { readonly connector?: Connector };
  const connect = connector?.connect.bind(connector);
  if (connector !== undefined && connect !== undefined) {
    connector.connect = async (...args) => {
      const socket = await connect(...args);
      socket.on("error", () => {});
      socket.cork();
      socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => setImmediate(() => socket.uncork()));
      return socket;
    };
  }
  return client;
}

/** What Redis sends to a client that it does not take, before it closes the connection. */
const TURNED_AWAY = /^-((?:ERR max number of clients|DENIED )[^\r\n]*)/;

/**
 * @param onReason - called with what the server says to a client that it turns away: it is full, or in protected mode.
 *   ioredis takes that for the reply to a command of its own, and what follows is a write to a closed socket
 */
export function onTurnedAway({ stream }: Redis, onReason: (reason: string) => void): void {
  stream?.once("data", (chunk: Buffer) => {
    const [, reason] = TURNED_AWAY.exec(chunk.toString("latin1", 0, 500)) ?? [];
    if (reason !== undefined) {
      onReason(reason);
    }
  });
}

type OnData = (bytes: Buffer) => void;

/**
 * Stands between the socket of a client and the parser of ioredis, on each connection.
 *
 * @param makeFilter - called with the parser, returns what receives the bytes instead. Where that throws, the connection is
 *   lost: a new one starts at the beginning of a reply
 */
export function filterReplies(client: Redis, makeFilter: (parse: OnData) => OnData): void {
  // Before anything can have been received: the parser was set up in this turn of the event loop.
  client.on("connect", () => {
    const { stream } = client;
    const [parse] = (stream?.listeners("data") ?? []) as OnData[];
    if (parse === undefined) {
      return;
    }
    const filter = makeFilter((bytes) => parse.call(stream, bytes));
    stream.off("data", parse);
    stream.prependListener("data", (chunk: Buffer) => {
      try {
        filter(chunk);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
  });
}
