import { textFrame } from "./websocket-frame.js";

const CLOSE_BRACKET = 0x5d;
const EMPTY_LIST = "[]";

/** What socket.io passes to outgoing listeners, which read `data`. */
export interface OutgoingPacket {
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
