import type { Socket } from "socket.io";

type Connection = Socket["conn"];

/** Of a connection over WebSocket, below what is public: `ws` keeps the stream that it writes frames to. */
interface WebSocketTransport {
  readonly socket?: { readonly _socket?: { cork?(): void; uncork?(): void } | null };
}

/** `engine.io` writes each packet of a batch by itself: held together, they are one call of the system. */
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
 * Several messages that arrive together leave together: while the first of them is being written, `engine.io` collects
 * the others, and what it then has goes out in one write.
 */
export function batchWrites(connection: Connection): void {
  if (!connection.listeners("flush").includes(corkBatch)) {
    connection.on("flush", corkBatch);
  }
}
