import { io as connect, type Socket } from "socket.io-client";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";
import type { Arrival } from "./tally.js";

/** A client of one host, which notes every numbered message. It comes back by itself when its host does. */
export class Watch {
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

  /** Resolves at the first message of one of the senders that arrives from that moment on, or did. @throws Error */
  async hears(senders: readonly string[], since: number, patience: number): Promise<void> {
    const isIt = () => (this.arrivals.findLast(({ sender }) => senders.includes(sender))?.at ?? 0) > since;
    await this.#until(`a message of ${senders.join(" or ")}`, isIt, patience);
  }

  /** Resolves when everything that the senders had sent before their barriers must have arrived. @throws Error */
  async reachesBarrier(senders: readonly string[], patience: number): Promise<void> {
    const isReached = () => senders.every((sender) => this.#barriers.has(sender));
    await this.#until(`the barriers of ${senders.join(" and ")}`, isReached, patience);
  }

  close(): void {
    this.#socket.disconnect();
  }

  #wake(): void {
    for (const wake of this.#waiting) {
      wake();
    }
  }

  async #until(what: string, isReached: () => boolean, patience: number): Promise<void> {
    let wake = (): void => {};
    const reached = new Promise<void>((resolve) => {
      wake = () => isReached() && resolve();
    });
    this.#waiting.add(wake);
    wake();
    try {
      await withTimeout(what, reached, patience);
    } finally {
      this.#waiting.delete(wake);
    }
  }
}
