export type Protocol = 2 | 3;

/**
 * A reply to a client, before the protocol is known. RESP2 has no null, map and push of its own: there they are a null
 * bulk string, a flat array and an array.
 */
export type Reply =
  | { readonly type: "simple"; readonly text: string }
  | { readonly type: "error"; readonly text: string }
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "bulk"; readonly bytes: Buffer }
  | { readonly type: "null" }
  | { readonly type: "array"; readonly items: readonly Reply[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [Reply, Reply])[] }
  | { readonly type: "push"; readonly items: readonly Reply[] };

export const OK: Reply = { type: "simple", text: "OK" };
export const NULL: Reply = { type: "null" };

/** `text` starts with the error's code, `ERR` for example; foreign bytes in it are latin1. */
export function error(text: string): Reply {
  return { type: "error", text };
}

export function integer(value: number): Reply {
  return { type: "integer", value };
}

/** A string is taken as latin1, the form in which channel names are kept. */
export function bulk(value: Buffer | string): Reply {
  return { type: "bulk", bytes: typeof value === "string" ? Buffer.from(value, "latin1") : value };
}

export function array(items: readonly Reply[]): Reply {
  return { type: "array", items };
}

/** Larger bulk strings are passed on as they are; smaller ones are copied into the text around them. */
const LARGE_BYTES = 16 * 1024;

/** The bytes of a reply in pieces. The payload of a large bulk string is a piece of its own, not a copy. */
export function encodeReply(reply: Reply, protocol: Protocol): readonly Buffer[] {
  const encoder = new Encoder(protocol);
  encoder.reply(reply);
  return encoder.finish();
}

class Encoder {
  readonly #protocol: Protocol;
  readonly #pieces: Buffer[] = [];
  /** Bytes as latin1, which preserves every byte. */
  #text = "";

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  finish(): readonly Buffer[] {
    this.#flush();
    return this.#pieces;
  }

  reply(reply: Reply): void {
    switch (reply.type) {
      case "simple":
        this.#add(`+${reply.text}\r\n`);
        break;
      case "error":
        // A line break would end the error early, and the rest would be read as the next reply.
        this.#add(`-${reply.text.replaceAll(/[\r\n]/g, " ")}\r\n`);
        break;
      case "integer":
        this.#add(`:${reply.value}\r\n`);
        break;
      case "bulk":
        this.#bulk(reply.bytes);
        break;
      case "null":
        this.#add(this.#protocol === 3 ? "_\r\n" : "$-1\r\n");
        break;
      case "array":
        this.#aggregate("*", reply.items);
        break;
      case "push":
        this.#aggregate(this.#protocol === 3 ? ">" : "*", reply.items);
        break;
      case "map":
        this.#map(reply.entries);
        break;
      default:
        reply satisfies never;
    }
  }

  #bulk(bytes: Buffer): void {
    this.#add(`$${bytes.length}\r\n`);
    if (bytes.length < LARGE_BYTES) {
      this.#add(bytes.toString("latin1"));
    } else {
      this.#flush();
      this.#pieces.push(bytes);
    }
    this.#add("\r\n");
  }

  #aggregate(type: string, items: readonly Reply[]): void {
    this.#add(`${type}${items.length}\r\n`);
    for (const item of items) {
      this.reply(item);
    }
  }

  #map(entries: readonly (readonly [Reply, Reply])[]): void {
    this.#add(this.#protocol === 3 ? `%${entries.length}\r\n` : `*${entries.length * 2}\r\n`);
    for (const [key, value] of entries) {
      this.reply(key);
      this.reply(value);
    }
  }

  #add(text: string): void {
    this.#text += text;
    if (this.#text.length >= LARGE_BYTES) {
      this.#flush();
    }
  }

  #flush(): void {
    if (this.#text.length > 0) {
      this.#pieces.push(Buffer.from(this.#text, "latin1"));
      this.#text = "";
    }
  }
}
