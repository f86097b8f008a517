import { isIPv6, type Socket } from "node:net";
import type { Broker, Client } from "./command.js";
import { runRequest } from "./commands.js";
import { OutputQueue } from "./output.js";
import type { Message } from "./pubsub.js";
import { encodeReply, error, type Protocol, type Reply } from "./reply.js";
import { RequestParser } from "./resp.js";

export interface ConnectionLimits {
  readonly maxMessageBytes: number;
  readonly maxOutputBytes: number;
}

/** Enough for a SUBSCRIBE of every channel that a connection may have. */
const MAX_ARGUMENTS = 16_384;
/** How long a client that was told good-bye may take to read what it was sent, in milliseconds. */
const LINGER_MS = 5000;

/**
 * One client.
 *
 * Its requests are answered in order. While it does not read its replies, its further requests wait in the kernel;
 * messages cannot wait for it, so a subscriber with more than `maxOutputBytes` unread is dropped, as by Redis.
 */
export class Connection implements Client {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  readonly since = performance.now();
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  protocol: Protocol = 2;
  authenticated: boolean;
  database = 0;
  name = "";
  libraryName = "";
  libraryVersion = "";
  readonly #socket: Socket;
  readonly #broker: Broker;
  readonly #limits: ConnectionLimits;
  readonly #parser = new RequestParser();
  readonly #output = new OutputQueue();
  /** `leaving`: nothing more is read; what was sent is still going out. */
  #state: "open" | "leaving" | "closed" = "open";
  /** The output queue is about to be written, or a part of it is on its way to the kernel. */
  #writing = false;
  /** The client leaves so much unread that its requests wait. */
  #stalled = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(id: number, socket: Socket, broker: Broker, limits: ConnectionLimits) {
    this.id = id;
    this.address = `${bracketed(socket.remoteAddress)}:${socket.remotePort}`;
    this.localAddress = `${bracketed(socket.localAddress)}:${socket.localPort}`;
    this.authenticated = broker.checkPassword === undefined;
    this.#socket = socket;
    this.#broker = broker;
    this.#limits = limits;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("end", () => this.hangUp());
    socket.on("close", () => this.#onClose());
    // A reset by the peer: `close` follows, and there is nobody to tell.
    socket.on("error", () => {});
  }

  send(reply: Reply): void {
    this.#append(encodeReply(reply, this.protocol));
  }

  deliver(message: Message): void {
    this.#append(message.pieces(this.protocol));
    if (this.#unread > this.#limits.maxOutputBytes) {
      this.drop();
    }
  }

  /** Says why, and hangs up. */
  refuse(reason: string): void {
    this.send(error(`ERR ${reason}`));
    this.hangUp();
  }

  /** Discards what still comes: a socket closed with unread input would reset the peer before it has our last reply. */
  hangUp(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#leave("leaving");
    this.#write();
    this.#socket.end();
    this.#socket.resume();
    this.#linger = setTimeout(() => this.drop(), LINGER_MS);
  }

  drop(): void {
    this.#onClose();
    this.#socket.destroy();
  }

  #onClose(): void {
    this.#leave("closed");
    clearTimeout(this.#linger);
    this.#output.take();
  }

  #leave(state: "leaving" | "closed"): void {
    this.#state = state;
    this.#broker.pubsub.release(this);
    this.#broker.clients.delete(this);
  }

  get #unread(): number {
    return this.#output.bytes + this.#socket.writableLength;
  }

  #onData(chunk: Buffer): void {
    if (this.#state === "open") {
      this.#parser.push(chunk);
      this.#answer();
    }
  }

  /** Answers what has come, until the client has too much to read; then no more is taken from its socket. */
  #answer(): void {
    this.#stalled = false;
    while (this.#state === "open") {
      if (this.#unread > this.#limits.maxOutputBytes) {
        this.#stalled = true;
        this.#socket.pause();
        return;
      }
      if (!this.#answerOne()) {
        this.#socket.resume();
        return;
      }
    }
  }

  #answerOne(): boolean {
    const parsed = this.#parser.next({
      authenticated: this.authenticated,
      maxArguments: MAX_ARGUMENTS,
      maxBytes: this.#limits.maxMessageBytes,
    });
    if (parsed?.type === "request") {
      this.#run(parsed.args);
    } else if (parsed?.type === "malformed") {
      this.refuse(`Protocol error: ${parsed.reason}`);
    }
    return parsed !== undefined;
  }

  /** What goes wrong for one client, an allocation that fails for instance, must not end the process for all. */
  #run(request: readonly Buffer[]): void {
    try {
      runRequest(request, this, this.#broker);
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
      // What one turn of the loop produces goes out together.
      process.nextTick(() => this.#flush());
    }
  }

  /** While one batch is on its way the next gathers in the queue. */
  #flush(): void {
    if (this.#state !== "open") {
      return;
    }
    this.#writing = this.#output.bytes > 0;
    if (this.#writing) {
      this.#write(() => this.#flush());
    }
    if (this.#stalled) {
      this.#answer();
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

function bracketed(address = ""): string {
  return isIPv6(address) ? `[${address}]` : address;
}
