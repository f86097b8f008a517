import { BackendFailure } from "./backend-failure.js";

/**
 * Several calls in one request, of which `socketio_bridge/endpoint.py` is the other side: a line with the length of each,
 * and the bodies, one directly after the other. The replies come one by one, each after a line with the number of its call,
 * its status and its length:
 *
 *     3 200 45
 *     <45 bytes>
 */

export const BATCH_TYPE = "application/vnd.socketio-bridge-batch";

/**
 * Header of the response: the port from which the worker has received the batch. Where it is not that of the edge, somebody
 * stands between them, whose end of a connection says nothing of the worker.
 */
export const PEER_PORT = "socketio-bridge-peer-port";

/** Its number, status and length. */
const LINE = /^(\d{1,6}) (\d{3}) (\d{1,10})$/;
const MAX_LINE = 24;
const NEWLINE = 0x0a;

export function encodeBatch(bodies: readonly Buffer[]): Buffer {
  const lengths = `${bodies.map(({ byteLength }) => byteLength).join(" ")}\n`;
  return Buffer.concat([Buffer.from(lengths), ...bodies]);
}

/** The reply to one call. */
export interface BatchReply {
  /** Of the call, from 0. */
  readonly number: number;
  readonly status: number;
  readonly bytes: Buffer;
}

/** Takes the replies out of the response to a batch as it arrives. Untrusted input. */
export class BatchReader {
  readonly #name: string;
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes without which there is nothing to be read. */
  #needed = 1;

  /**
   * @param name - of the backend, for errors
   * @param maxBytes - of a reply
   */
  constructor(name: string, maxBytes: number) {
    this.#name = name;
    this.#maxBytes = maxBytes;
  }

  /** @throws BackendFailure for what no worker has written, after what came before it */
  *push(chunk: Buffer): Generator<BatchReply> {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    while (this.#size >= this.#needed) {
      const data = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      const reply = this.#read(data);
      const rest = reply === undefined ? data : data.subarray(this.#needed);
      this.#chunks.splice(0, this.#chunks.length, rest);
      this.#size = rest.byteLength;
      if (reply === undefined) {
        break;
      }
      this.#needed = 1;
      yield reply;
    }
  }

  /** @returns undefined until it has arrived, which `#needed` bytes are needed for */
  #read(data: Buffer): BatchReply | undefined {
    const end = data.subarray(0, MAX_LINE).indexOf(NEWLINE);
    if (end === -1 && data.byteLength < MAX_LINE) {
      this.#needed = data.byteLength + 1;
      return undefined;
    }
    const [, number, status, length] = LINE.exec(data.toString("latin1", 0, Math.max(end, 0))) ?? [];
    if (length === undefined) {
      throw this.#bad("with a reply that does not begin with its number, status and length");
    }
    if (Number(length) > this.#maxBytes) {
      throw this.#bad(`with more than ${this.#maxBytes} bytes`);
    }
    this.#needed = end + 1 + Number(length);
    return data.byteLength < this.#needed
      ? undefined
      : { number: Number(number), status: Number(status), bytes: data.subarray(end + 1, this.#needed) };
  }

  #bad(what: string): BackendFailure {
    return new BackendFailure(`${this.#name} answers ${what}`, { mayHaveRun: true, isAway: false });
  }
}
