import type { Adapter, SocketId } from "socket.io-adapter";
import type { EmitFlags } from "../../protocol/model/node-extension.js";
import { namespaceOf } from "./namespace.js";
import { type Recipients, recipientsOf } from "./recipients.js";
import { textFrame } from "./websocket-frame.js";

const CLOSE_BRACKET = 0x5d;
const EMPTY_LIST = "[]";

/** What socket.io passes to outgoing listeners, which read `data`. */
interface OutgoingPacket {
  readonly data: readonly unknown[];
}

/** An event as clients get it, encoded once for all of them. */
export interface PreparedEvent {
  /** A packet of Socket.IO: what a client gets over polling. */
  readonly text: string;
  /** The same as a WebSocket frame. */
  readonly frame: Buffer;
  readonly packet: OutgoingPacket;
}

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

/** Type MESSAGE of Engine.IO, type EVENT of Socket.IO, and the namespace. */
const typeOf = (namespace: string): string => (namespace === "/" ? "42" : `42${namespace},`);

/** Where the packet of Socket.IO starts in a message of Engine.IO. */
const PACKET = 1;

/** An event that was assembled from bytes. Text and values are decoded from it when somebody reads them. */
class BytesOfEvent implements PreparedEvent, OutgoingPacket {
  readonly frame: Buffer;
  readonly #start: number;
  readonly #list: number;
  readonly #encoding: "latin1" | "utf8";
  #text: string | undefined;
  #data: readonly unknown[] | undefined;

  /**
   * @param start - where the packet starts in the frame
   * @param list - where the list of name and arguments starts in the text of the packet
   */
  constructor(frame: Buffer, start: number, list: number, isAscii: boolean) {
    this.frame = frame;
    this.#start = start;
    this.#list = list;
    this.#encoding = isAscii ? "latin1" : "utf8";
  }

  get packet(): OutgoingPacket {
    return this;
  }

  get text(): string {
    this.#text ??= this.frame.toString(this.#encoding, this.#start);
    return this.#text;
  }

  get data(): readonly unknown[] {
    this.#data ??= JSON.parse(this.text.slice(this.#list)) as readonly unknown[];
    return this.#data;
  }
}

/**
 * @param args - JSON in UTF-8: the arguments as they stand between the brackets of a list, or nothing
 * @param isAscii - whether it is ASCII throughout, which is decoded faster
 */
export function prepareBytes(namespace: string, event: string, args: Buffer, isAscii: boolean): PreparedEvent {
  const type = typeOf(namespace);
  const head = `${type}[${JSON.stringify(event)}${args.length === 0 ? "" : ","}`;
  const headLength = Buffer.byteLength(head);
  const { frame, start } = textFrame(headLength + args.length + 1);
  frame.write(head, start);
  frame.set(args, start + headLength);
  frame[frame.length - 1] = CLOSE_BRACKET;
  return new BytesOfEvent(frame, start + PACKET, type.length - PACKET, isAscii && headLength === head.length);
}

/**
 * @param list - JSON text of the arguments, with its brackets
 * @param data - the same as values, after the name
 */
export function prepareText(namespace: string, event: string, list: string, data: readonly unknown[]): PreparedEvent {
  const args = list.length === EMPTY_LIST.length ? "]" : `,${list.slice(1)}`;
  const message = `${typeOf(namespace)}[${JSON.stringify(event)}${args}`;
  const { frame, start } = textFrame(Buffer.byteLength(message));
  frame.write(message, start);
  return { text: message.slice(PACKET), frame, packet: { data } };
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
