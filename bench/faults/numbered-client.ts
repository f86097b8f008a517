import { io as connect, type Socket } from "socket.io-client";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";
import type { Arrival } from "./tally.js";

/** A client that records every numbered message. It reconnects when its host comes back. */
export class NumberedClient {
  readonly arrivals: Arrival[] = [];
  readonly #socket: Socket;
  readonly #barriers = new Set<string>();
  readonly #waiting = new Set<() => void>();

  constructor(url: string) {
    this.#socket = connect(url, {
      transports: ["websocket"],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
      randomizationFactor: 0,
    });
    this.#socket.on("numbered", (sender: string, number: number, sentAt: number) => {
      this.arrivals.push({ sender, number, sentAt, at: now() });
      this.#wake();
    });
    this.#socket.on("barrier", (sender: string) => {
      this.#barriers.add(sender);
      this.#wake();
    });
  }

  async connected(): Promise<void> {
    await withTimeout("a client's connection", new Promise<void>((resolve) => this.#socket.once("connect", resolve)));
  }

  /** Resolves at the first message of one of the senders after `since`. @throws Error */
  async receives(senders: readonly string[], since: number, timeout: number): Promise<void> {
    const hasArrived = () => (this.arrivals.findLast(({ sender }) => senders.includes(sender))?.at ?? 0) > since;
    await this.#until(`a message of ${senders.join(" or ")}`, hasArrived, timeout);
  }

  /** Resolves when everything that the senders sent before their barriers must have arrived. @throws Error */
  async reachesBarrier(senders: readonly string[], timeout: number): Promise<void> {
    const isReached = () => senders.every((sender) => this.#barriers.has(sender));
    await this.#until(`the barriers of ${senders.join(" and ")}`, isReached, timeout);
  }

  close(): void {
    this.#socket.disconnect();
  }

  #wake(): void {
    for (const check of this.#waiting) {
      check();
    }
  }

  async #until(what: string, isReached: () => boolean, timeout: number): Promise<void> {
    let check = (): void => {};
    const reached = new Promise<void>((resolve) => {
      check = () => isReached() && resolve();
    });
    this.#waiting.add(check);
    check();
    try {
      await withTimeout(what, reached, timeout);
    } finally {
      this.#waiting.delete(check);
    }
  }
}
