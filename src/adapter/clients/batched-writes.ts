import type { Socket } from "socket.io";

type Connection = Socket["conn"];

/** The WebSocket transport of engine.io 6 keeps the `WebSocket` of ws 8, which keeps the stream that it writes frames to. */
interface WebSocketTransport {
  readonly socket?: { readonly _socket?: { cork?(): void; uncork?(): void } | null };
}

/** engine.io writes each packet of a batch by itself. On a corked stream they are one system call. */
function corkBatch(this: Connection, packets: readonly unknown[]): void {
  const stream = packets.length > 1 ? (this.transport as WebSocketTransport).socket?._socket : undefined;
  if (typeof stream?.cork === "function" && typeof stream.uncork === "function") {
    stream.cork();
    process.nextTick(uncork, stream);
  }
}

function uncork(stream: { uncork?(): void }): void {
  stream.uncork?.();
}

/**
 * Messages that arrive together leave together: while engine.io writes the first, it collects the others, and then sends
 * them in one write.
 */
export function batchWrites(connection: Connection): void {
  if (!connection.listeners("flush").includes(corkBatch)) {
    connection.on("flush", corkBatch);
  }
}
