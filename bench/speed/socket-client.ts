import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { clientFrame, FrameReader } from "./websocket-frames.js";

/** Shared by all clients of a process, because every read is consumed at once. */
const SHARED = Buffer.allocUnsafe(256 * 1_024);

const TEXT = 1;
const PING = "2".charCodeAt(0);
const OPEN = "0".charCodeAt(0);
const MESSAGE = "4".charCodeAt(0);
const CONNECT = "0".charCodeAt(0);
const EVENT = "2".charCodeAt(0);
const ACK = "3".charCodeAt(0);
const HEADERS_END = "\r\n\r\n";

export interface SocketClientListener {
  /** Gets the first bytes of the packet of an event, `42[…]`, in a buffer that is overwritten afterwards. */
  onEvent(bytes: Buffer, at: number, length: number): void;
  /** The same for the packet of an acknowledgement, `43<id>[…]`. */
  onAck?(bytes: Buffer, at: number, length: number): void;
  onGone(reason: string): void;
}

/**
 * A minimal Socket.IO client: WebSocket, the handshakes of Engine.IO and Socket.IO, replies to pings. Events are not
 * parsed.
 */
export class SocketClient {
  readonly #listener: SocketClientListener;
  readonly #socket: Socket;
  readonly #frames = new FrameReader((bytes, at, length, opcode) => this.#onFrame(bytes, at, length, opcode));
  readonly connected: Promise<void>;
  #onConnected = (): void => {};
  #isUpgraded = false;
  #response = "";

  constructor(port: number, listener: SocketClientListener) {
    this.#listener = listener;
    this.connected = new Promise((resolve) => {
      this.#onConnected = resolve;
    });
    this.#socket = connect({
      ...{ port, host: "127.0.0.1", noDelay: true },
      onread: {
        buffer: SHARED,
        callback: (size, buffer) => {
          this.#read(buffer as Buffer, size);
          return true;
        },
      },
    });
    this.#socket.once("connect", () => this.#socket.write(upgradeRequest(port)));
    this.#socket.once("error", (error) => listener.onGone(error.message));
    this.#socket.once("close", () => listener.onGone("closed by the server"));
  }

  emit(event: string, ...args: readonly unknown[]): void {
    this.#socket.write(clientFrame(`42${JSON.stringify([event, ...args])}`));
  }

  /** @param id - of the acknowledgement */
  ask(id: number, event: string, ...args: readonly unknown[]): void {
    this.#socket.write(clientFrame(`42${id}${JSON.stringify([event, ...args])}`));
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #read(bytes: Buffer, size: number): void {
    if (this.#isUpgraded) {
      this.#frames.read(bytes, size);
      return;
    }
    this.#response += bytes.toString("latin1", 0, size);
    const end = this.#response.indexOf(HEADERS_END);
    if (end < 0) {
      return;
    }
    if (!this.#response.startsWith("HTTP/1.1 101")) {
      this.#listener.onGone(this.#response.slice(0, 200));
      return;
    }
    this.#isUpgraded = true;
    const rest = Buffer.from(this.#response.slice(end + HEADERS_END.length), "latin1");
    this.#frames.read(rest, rest.length);
  }

  #onFrame(bytes: Buffer, at: number, length: number, opcode: number): void {
    if (opcode !== TEXT) {
      return;
    }
    const type = bytes[at];
    if (type === MESSAGE && bytes[at + 1] === EVENT) {
      this.#listener.onEvent(bytes, at, length);
    } else if (type === MESSAGE && bytes[at + 1] === ACK) {
      this.#listener.onAck?.(bytes, at, length);
    } else if (type === PING) {
      this.#socket.write(clientFrame("3"));
    } else if (type === OPEN) {
      this.#socket.write(clientFrame("40"));
    } else if (type === MESSAGE && bytes[at + 1] === CONNECT) {
      this.#onConnected();
    }
  }
}

function upgradeRequest(port: number): string {
  return [
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");
}
