import type { Socket } from "node:net";
import { debugLog } from "../util/debug.js";
import type { Channels, Message } from "./channels.js";
import { type Client, runRequest } from "./commands.js";
import { OutputQueue } from "./output-queue.js";
import { encodeReply, error, type Protocol, type Reply } from "./reply.js";
import { RequestParser } from "./request-parser.js";

const debug = debugLog("embedded");

export interface ConnectionLimits {
  /** All arguments of one request together. A client that sends more is disconnected. */
  readonly maxRequestBytes: number;
  /** What a subscriber may leave unread before it is disconnected. */
  readonly maxOutputBytes: number;
}

/** Enough for a SUBSCRIBE to every channel that a connection may have. */
const MAX_ARGUMENTS = 16_384;
/** How long a client that is being disconnected may take to read what it was sent, in milliseconds. */
const LINGER_MS = 5000;

/**
 * One client.
 *
 * Its requests are answered in order. While it does not read its replies, its further requests wait in the kernel.
 * Messages cannot wait, so a subscriber with more than `maxOutputBytes` unread is dropped, as by Redis.
 */
export class Connection implements Client {
  readonly id: number;
  readonly channels = new Set<string>();
  protocol: Protocol = 2;
  readonly #socket: Socket;
  readonly #allChannels: Channels;
  readonly #limits: ConnectionLimits;
  readonly #onLeave: () => void;
  readonly #parser = new RequestParser();
  readonly #output = new OutputQueue();
  /** `leaving`: nothing more is read; what was sent is still going out. */
  #state: "open" | "leaving" | "closed" = "open";
  /** The output queue is about to be written, or a part of it is on its way to the kernel. */
  #writing = false;
  /** The client leaves so much unread that its requests wait. */
  #stalled = false;
  #linger: NodeJS.Timeout | undefined;

  /** @param onLeave - called when the client no longer counts as connected; may be called again */
  constructor(id: number, socket: Socket, channels: Channels, limits: ConnectionLimits, onLeave: () => void) {
    this.id = id;
    this.#socket = socket;
    this.#allChannels = channels;
    this.#limits = limits;
    this.#onLeave = onLeave;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.hangUp());
    socket.on("close", () => this.#onClose());
    // A reset by the peer: `close` follows.
    socket.on("error", () => {});
  }

  send(reply: Reply): void {
    this.#append(encodeReply(reply, this.protocol));
  }

  deliver(message: Message): void {
    this.#append(message.pieces(this.protocol));
    if (this.#unread > this.#limits.maxOutputBytes) {
      debug("client %d dropped: it does not read", this.id);
      this.#drop();
    }
  }

  /** Sends an error and hangs up. */
  refuse(reason: string): void {
    debug("client %d refused: %s", this.id, reason);
    this.send(error(`ERR ${reason}`));
    this.hangUp();
  }

  /** Discards further input: a socket closed with unread input would reset the peer before it has our last reply. */
  hangUp(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#leave("leaving");
    this.#write();
    this.#socket.end();
    this.#socket.resume();
    this.#linger = setTimeout(() => this.#drop(), LINGER_MS);
  }

  #drop(): void {
    this.#onClose();
    this.#socket.destroy();
  }

  #onClose(): void {
    debug("client %d disconnected", this.id);
    this.#leave("closed");
    clearTimeout(this.#linger);
    this.#output.take();
  }

  #leave(state: "leaving" | "closed"): void {
    this.#state = state;
    this.#allChannels.release(this);
    this.#onLeave();
  }

  get #unread(): number {
    return this.#output.bytes + this.#socket.writableLength;
  }

  #onData(chunk: Buffer): void {
    if (this.#state === "open") {
      this.#parser.push(chunk);
      this.#runRequests();
    }
  }

  /** Runs the requests that have arrived, until the client has too much to read; then its socket is paused. */
  #runRequests(): void {
    this.#stalled = false;
    while (this.#state === "open") {
      if (this.#unread > this.#limits.maxOutputBytes) {
        this.#stalled = true;
        this.#socket.pause();
        return;
      }
      if (!this.#runNext()) {
        this.#socket.resume();
        return;
      }
    }
  }

  #runNext(): boolean {
    const parsed = this.#parser.next({ maxArguments: MAX_ARGUMENTS, maxBytes: this.#limits.maxRequestBytes });
    if (parsed?.type === "request") {
      this.#run(parsed.args);
    } else if (parsed?.type === "malformed") {
      this.refuse(`Protocol error: ${parsed.reason}`);
    }
    return parsed !== undefined;
  }

  /** An error caused by one client, such as a failed allocation, must not end the process for all. */
  #run(request: readonly Buffer[]): void {
    try {
      runRequest(request, this, this.#allChannels);
    } catch (cause) {
      this.refuse(`the embedded broker failed: ${String(cause)}`);
    }
  }

  #append(pieces: readonly Buffer[]): void {
    if (this.#state !== "open") {
      return;
    }
    for (const piece of pieces) {
      this.#output.append(piece);
    }
    if (!this.#writing) {
      this.#writing = true;
      // Everything that one turn of the event loop produces is written together.
      process.nextTick(() => this.#flush());
    }
  }

  /** While one batch is being written, the next one gathers in the queue. */
  #flush(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#writing = this.#output.bytes > 0;
    if (this.#writing) {
      this.#write(() => this.#flush());
    }
    if (this.#stalled) {
      this.#runRequests();
    }
  }

  #write(done?: () => void): void {
    const pieces = this.#output.take();
    this.#socket.cork();
    for (const [index, piece] of pieces.entries()) {
      this.#socket.write(piece, index === pieces.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }
}
