import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ResponseParser, type ResponseSink } from "./response-parser.js";

/** A request that is under way, as far as its connection is concerned. */
export interface Exchange extends ResponseSink {
  /** The connection stands, as it does from the beginning where it was there before. */
  onOpen(): void;
}

interface Running {
  readonly exchange: Exchange;
  readonly parser: ResponseParser;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface ConnectionOptions {
  readonly url: URL;
  /** See `BackendOptions`. */
  readonly ca?: string | undefined;
}

const ports: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

function open({ url, ca }: ConnectionOptions): { readonly socket: Socket; readonly openEvent: string } {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const address = {
    host,
    port: url.port === "" ? ports[url.protocol] : Number(url.port),
    noDelay: true,
    keepAlive: true,
  };
  if (url.protocol !== "https:") {
    return { socket: connect(address as { host: string; port: number }), openEvent: "connect" };
  }
  const socket = connectTls({
    ...address,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ["http/1.1"],
  });
  return { socket: socket.setNoDelay(true), openEvent: "secureConnect" };
}

/** A connection to a server of HTTP/1.1, which carries one request after the other. */
export class Connection {
  /** Whether it has carried a request. */
  isReused = false;
  /** Whether the server has ended it in order: all that it has written has come. */
  hasEnded = false;
  readonly #socket: Socket;
  #isOpen = false;
  #running: Running | undefined;
  #error: Error | undefined;

  /** @param onClosed - called once */
  constructor(options: ConnectionOptions, onClosed: () => void) {
    const { socket, openEvent } = open(options);
    this.#socket = socket;
    socket.once(openEvent, () => {
      this.#isOpen = true;
      this.#running?.exchange.onOpen();
    });
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.once("end", () => {
      this.hasEnded = true;
      this.#onEnd();
    });
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.once("close", () => {
      this.#fail(this.#error ?? new Error("the connection has ended without a response"));
      onClosed();
    });
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** Whether it can take a request, now that the last one has its response. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#socket.writable && !this.hasEnded;
  }

  /**
   * Begins a request. The rest of it is sent with `write`.
   *
   * @param bytes - what it begins with
   * @returns resolves when the response has come
   * @throws Error rejects with what the exchange throws, and if the connection ends before; it is destroyed then
   */
  send(bytes: Buffer, exchange: Exchange): Promise<void> {
    this.#socket.ref();
    return new Promise((resolve, reject) => {
      this.#running = { exchange, parser: new ResponseParser(exchange), resolve, reject };
      this.write(bytes);
      if (this.#isOpen) {
        exchange.onOpen();
      }
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** @param error - for the request that is under way */
  destroy(error?: Error): void {
    this.#socket.destroy();
    if (error !== undefined) {
      this.#fail(error);
    }
  }

  /** While nothing is under way, it does not keep the process alive. */
  rest(): void {
    this.isReused = true;
    this.#socket.unref();
  }

  #onData(chunk: Buffer): void {
    if (this.#running === undefined) {
      // Nobody has asked.
      this.#socket.destroy();
      return;
    }
    const { parser } = this.#running;
    try {
      parser.push(chunk);
      if (parser.isComplete) {
        this.#complete(parser.isReusable);
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #onEnd(): void {
    try {
      this.#running?.parser.end();
      this.#complete(false);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #complete(isReusable: boolean): void {
    const running = this.#running;
    this.#running = undefined;
    if (!isReusable) {
      this.#socket.destroy();
    }
    running?.resolve();
  }

  #fail(error: Error): void {
    const running = this.#running;
    this.#running = undefined;
    running?.reject(error);
  }
}
