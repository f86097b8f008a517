import type { Adapter, SocketId } from "socket.io-adapter";
import type { EmitFlags } from "../../protocol/model/node-extension.js";
import { namespaceOf } from "./namespace.js";
import type { OutgoingPacket, PreparedEvent } from "./prepared-event.js";
import { type Recipients, recipientsOf } from "./recipients.js";

/** `Socket` of socket.io 4.7 to 4.8: what `Adapter.broadcast` of socket.io-adapter 2.5 calls, and its types keep private. */
interface Recipient {
  readonly client: {
    readonly conn: Connection;
    writeToEngine(encodedPacket: string, options: WriteOptions): void;
  };
  notifyOutgoingListeners(packet: OutgoingPacket): void;
}

/** `Socket` of engine.io 6. */
interface Connection {
  readonly transport: {
    /** The WebSocket transport has it since engine.io 6.4; polling has not. */
    _canSendPreEncodedFrame?(packet: { readonly options: WriteOptions }): boolean;
  };
  readonly server: { listenerCount(event: "flush"): number };
  listenerCount(event: "packetCreate" | "flush"): number;
}

interface WriteOptions {
  readonly preEncoded: true;
  readonly volatile: boolean | undefined;
  readonly compress: boolean | undefined;
  /** Sent as it is over WebSocket, since engine.io 6.4. */
  readonly wsPreEncodedFrame: readonly Buffer[];
}

/** `batchWrites` adds one to each connection. */
const OWN_FLUSH_LISTENERS = 1;

/** Whether the connection certainly sends the frame, and nobody reads the text, as @socket.io/admin-ui does. */
function needsNoText(connection: Connection, options: WriteOptions): boolean {
  const { transport, server } = connection;
  return (
    transport._canSendPreEncodedFrame?.({ options }) === true &&
    connection.listenerCount("packetCreate") === 0 &&
    connection.listenerCount("flush") <= OWN_FLUSH_LISTENERS &&
    server.listenerCount("flush") === 0
  );
}

/** `Adapter.broadcast` of socket.io-adapter, of what is encoded already. */
export function sendPrepared(
  adapter: Adapter,
  event: PreparedEvent,
  recipients: Recipients,
  { volatile, compress }: EmitFlags,
): void {
  const { sockets } = namespaceOf(adapter) as unknown as { readonly sockets: ReadonlyMap<SocketId, Recipient> };
  const { frame, packet } = event;
  const options = { preEncoded: true, volatile, compress, wsPreEncodedFrame: [frame] } as const;
  for (const sid of recipientsOf(adapter, recipients)) {
    const socket = sockets.get(sid);
    if (socket !== undefined) {
      socket.notifyOutgoingListeners(packet);
      const text = needsNoText(socket.client.conn, options) ? "" : event.text;
      socket.client.writeToEngine(text, options);
    }
  }
}
