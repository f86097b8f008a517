import type { Adapter, SocketId } from "socket.io-adapter";
import type { EmitFlags } from "../../protocol/model/node-extension.js";
import { type Recipients, recipientsOf } from "./recipients.js";
import { textFrame } from "./websocket-frame.js";

const CLOSE_BRACKET = 0x5d;
const EMPTY_LIST = "[]";

/** What `socket.io` shows to outgoing listeners, who look into `data`. */
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

/** Of `socket.io`: its types leave out what `socket.io-adapter` calls. */
interface Recipient {
  readonly client: {
    readonly conn: Connection;
    writeToEngine(encodedPacket: string, options: WriteOptions): void;
  };
  notifyOutgoingListeners(packet: OutgoingPacket): void;
}

/** Of `engine.io`. */
interface Connection {
  readonly transport: {
    /** Of WebSocket, in some versions. */
    _canSendPreEncodedFrame?(packet: { readonly options: WriteOptions }): boolean;
  };
  readonly server: { listenerCount(event: "flush"): number };
  listenerCount(event: "packetCreate" | "flush"): number;
}

interface WriteOptions {
  readonly preEncoded: true;
  readonly volatile: boolean | undefined;
  readonly compress: boolean | undefined;
  /** Of `engine.io` since 6.5; others encode the text. */
  readonly wsPreEncodedFrame: readonly Buffer[];
}

/** Whether clients of this server get their packets as the text that is prepared here. */
export function hasDefaultParser({ nsp }: Adapter): boolean {
  return nsp.server._opts.parser === undefined;
}

/** Type MESSAGE of Engine.IO, type EVENT of Socket.IO, and the namespace. */
const typeOf = (namespace: string): string => (namespace === "/" ? "42" : `42${namespace},`);

/** Where in a message of Engine.IO the packet of Socket.IO begins. */
const PACKET = 1;

/** What was put together of bytes: text and values are made of it when somebody asks for them. */
class BytesOfEvent implements PreparedEvent, OutgoingPacket {
  readonly frame: Buffer;
  readonly #start: number;
  readonly #list: number;
  readonly #encoding: "latin1" | "utf8";
  #text: string | undefined;
  #data: readonly unknown[] | undefined;

  /**
   * @param start - where in the frame the packet begins
   * @param list - where in the text of the packet the list of name and arguments begins
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
 * @param isAscii - whether it is nothing but ASCII, which is read faster
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

/** @param list - JSON text of the arguments, with its brackets @param data - the same as values, with the name before */
export function prepareText(namespace: string, event: string, list: string, data: readonly unknown[]): PreparedEvent {
  const args = list.length === EMPTY_LIST.length ? "]" : `,${list.slice(1)}`;
  const message = `${typeOf(namespace)}[${JSON.stringify(event)}${args}`;
  const { frame, start } = textFrame(Buffer.byteLength(message));
  frame.write(message, start);
  return { text: message.slice(PACKET), frame, packet: { data } };
}

/** `batchWrites` has one on each connection. */
const OWN_FLUSH_LISTENERS = 1;

/** Whether it is sure that the connection sends the frame, and that nobody looks at the text, as the admin UI does. */
function needsNoText(connection: Connection, options: WriteOptions): boolean {
  const { transport, server } = connection;
  return (
    transport._canSendPreEncodedFrame?.({ options }) === true &&
    connection.listenerCount("packetCreate") === 0 &&
    connection.listenerCount("flush") <= OWN_FLUSH_LISTENERS &&
    server.listenerCount("flush") === 0
  );
}

/** As `Adapter.broadcast` of socket.io-adapter, of what is encoded already. */
export function sendPrepared(
  adapter: Adapter,
  event: PreparedEvent,
  recipients: Recipients,
  { volatile, compress }: EmitFlags,
): void {
  const { sockets } = adapter.nsp as unknown as { readonly sockets: ReadonlyMap<SocketId, Recipient> };
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
