import type { ExecutionContext } from "ava";
import { io as connect, type Socket } from "socket.io-client";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

/** A client of a server with connection state recovery, which goes away and comes back. */
export class ReturningClient {
  readonly #received = new Inbox<readonly unknown[]>();
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.onAny((...event: unknown[]) => {
      // With the offset, which the client leaves there.
      this.#received.add(typeof event.at(-1) === "string" && event.length > 1 ? event.slice(0, -1) : event);
    });
  }

  get sid(): string {
    return String(this.#socket.id);
  }

  /** All events so far, name and arguments. */
  get received(): readonly (readonly unknown[])[] {
    return this.#received.items;
  }

  until(event: string): Promise<readonly unknown[]> {
    return this.#received.find(event, ([name]) => name === event);
  }

  /** Loses its connection; its host knows it when this resolves. */
  async leave(knows: (sid: string) => boolean): Promise<void> {
    const { sid } = this;
    this.#socket.io.engine.close();
    await withTimeout(
      "a host to know that a client has left",
      (async () => {
        while (!knows(sid)) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
    );
  }

  /** @param url - of the host that it comes to @returns whether it has its session again */
  async comeTo(url: string): Promise<boolean> {
    // The Manager has it as a private field; a load balancer would change what is behind it instead.
    Object.assign(this.#socket.io, { uri: url });
    await this.#connect();
    return this.#socket.recovered;
  }

  async #connect(): Promise<void> {
    if (this.#socket.connected) {
      await withTimeout("the end of a connection", new Promise((resolve) => this.#socket.once("disconnect", resolve)));
    }
    const connected = new Promise<void>((resolve, reject) => {
      this.#socket.once("connect", resolve).once("connect_error", reject);
    });
    this.#socket.connect();
    await withTimeout("a connection", connected);
  }

  end(): void {
    this.#socket.disconnect();
  }
}

/** Not connected yet. Disconnects when the test is over. */
export function returningClient(
  t: ExecutionContext,
  transport: "websocket" | "polling" = "websocket",
): ReturningClient {
  const socket = connect("http://127.0.0.1:1", {
    transports: [transport],
    forceNew: true,
    reconnection: false,
    autoConnect: false,
  });
  const client = new ReturningClient(socket);
  cleanUp(t, () => client.end());
  return client;
}
