import { setTimeout as pause } from "node:timers/promises";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";
import { SocketClient } from "../speed/socket-client.js";

/** Clients that connect concurrently, below the backlog of a listener. */
const CONCURRENCY = 50;

/** How long a client may take to connect, in milliseconds: gthread starts four threads for it, beside thousands. */
const CONNECT_MS = 120_000;

/** How long one event may take to be acknowledged, and one emit to reach all clients, in milliseconds. */
const ANSWER_MS = 30_000;

const FIRST_ID = "43".length;
const ZERO = "0".charCodeAt(0);
const NINE = "9".charCodeAt(0);

/** Their acknowledgement carries the value that was sent. */
export type AskedEvent = "echo" | "query" | "slow query";

interface Question {
  answered(text: string): void;
  failed(error: Error): void;
}

/** One client. It waits for one acknowledgement at a time. */
class LoadClient {
  readonly socket: SocketClient;
  #lastId = 0;
  #question: Question | undefined;
  #gone: string | undefined;

  constructor(port: number, onNews: () => void, onGone: (reason: string) => void) {
    this.socket = new SocketClient(port, {
      onEvent: onNews,
      onAck: (bytes, at, length) => this.#onAck(bytes, at, length),
      onGone: (reason) => {
        this.#gone ??= reason;
        this.#question?.failed(new Error(`a client was disconnected: ${reason}`));
        onGone(reason);
      },
    });
  }

  /** @throws Error rejects when the answer is not that value, and when the client is disconnected */
  ask(event: string, value: unknown, answer = value): Promise<void> {
    this.#lastId += 1;
    const expected = JSON.stringify([answer]);
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(new Error(`a client was disconnected: ${this.#gone}`));
        return;
      }
      this.#question = {
        answered: (text) =>
          text === expected ? resolve() : reject(new Error(`${event} is answered with ${text}, not ${expected}`)),
        failed: reject,
      };
      this.socket.ask(this.#lastId, event, value);
    });
  }

  #onAck(bytes: Buffer, at: number, length: number): void {
    let start = at + FIRST_ID;
    let id = 0;
    while ((bytes[start] as number) >= ZERO && (bytes[start] as number) <= NINE) {
      id = id * 10 + (bytes[start] as number) - ZERO;
      start += 1;
    }
    if (id === this.#lastId) {
      this.#question?.answered(bytes.toString("utf8", start, at + length));
    }
  }
}

/** All clients of a server, in this process. */
export class LoadClients {
  readonly #clients: LoadClient[] = [];
  #news = 0;
  #onNews = (): void => {};
  #onGone = (_reason: string): void => {};
  #value = 0;
  /** Why clients have lost their connection. */
  readonly gone: string[] = [];

  /** @returns how many clients connected per second */
  async connect(port: number, count: number): Promise<number> {
    const start = now();
    let left = count;
    let connected = 0;
    const connectOnes = async () => {
      while (left > 0) {
        left -= 1;
        const client = new LoadClient(
          port,
          () => {
            this.#news += 1;
            this.#onNews();
          },
          (reason) => {
            this.gone.push(reason);
            this.#onGone(reason);
          },
        );
        this.#clients.push(client);
        await withTimeout(`a client to connect; ${connected} have`, client.socket.connected, CONNECT_MS);
        connected += 1;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, connectOnes));
    return (count * 1_000) / (now() - start);
  }

  /**
   * Every client sends its next event when the last one is acknowledged.
   *
   * @returns acknowledgements per second
   */
  async saturate(event: AskedEvent, time: number): Promise<number> {
    const start = now();
    const end = start + time;
    let count = 0;
    await Promise.all(
      this.#clients.map(async (client) => {
        while (now() < end) {
          await this.#ask(client, event);
          count += now() < end ? 1 : 0;
        }
      }),
    );
    return (count * 1_000) / time;
  }

  /** One client sends events at that interval. @returns how long each took, in milliseconds */
  async pace(count: number, interval: number): Promise<readonly number[]> {
    const [client] = this.#clients as [LoadClient];
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const start = now();
      await this.#ask(client, "echo");
      times.push(now() - start);
      await pause(interval);
    }
    return times;
  }

  /**
   * As many clients as that have the application emit to all, and again when all have received all of it.
   *
   * @returns the number of emits
   */
  async fanOut(bytes: number, time: number, atOnce: number): Promise<number> {
    const senders = this.#clients.slice(0, atOnce);
    const text = "x".repeat(bytes);
    const end = now() + time;
    let emits = 0;
    while (now() < end) {
      this.#news = 0;
      const received = new Promise<void>((resolve, reject) => {
        this.#onNews = () => this.#news === atOnce * this.#clients.length && resolve();
        this.#onGone = (reason) => reject(new Error(`a client was disconnected: ${reason}`));
      });
      const all = Promise.all([...senders.map((client) => client.ask("publish", text, true)), received]);
      await withTimeout(`${atOnce} emits, which ${this.#clients.length} clients get`, all, ANSWER_MS);
      emits += atOnce;
    }
    return emits;
  }

  /**
   * Every client sends events at that interval until `isOver`.
   *
   * @returns how many were not acknowledged
   */
  async trickle(interval: number, isOver: () => boolean): Promise<{ readonly sent: number; readonly lost: number }> {
    let [sent, lost] = [0, 0];
    await Promise.all(
      this.#clients.map(async (client) => {
        while (!isOver()) {
          sent += 1;
          try {
            await this.#ask(client, "echo");
          } catch {
            lost += 1;
            return;
          }
          await pause(interval);
        }
      }),
    );
    return { sent, lost };
  }

  #ask(client: LoadClient, event: AskedEvent): Promise<void> {
    this.#value += 1;
    return withTimeout(`the acknowledgement of ${event}`, client.ask(event, this.#value), ANSWER_MS);
  }
}
