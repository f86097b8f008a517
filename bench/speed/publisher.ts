import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { now } from "../shared/clock.js";
import { NUMBER_WIDTH, TIME_WIDTH } from "./payload.js";

/** A recorded command, with the offsets of its number and time. */
export interface Template {
  readonly bytes: Buffer;
  readonly numberAt: number;
  readonly timeAt: number;
}

function writeDigits(bytes: Buffer, at: number, width: number, value: number): void {
  let rest = value;
  for (let index = at + width - 1; index >= at; index -= 1) {
    bytes[index] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Copies the command with a number and a time (in milliseconds, rounded to microseconds). */
export function stamp(template: Template, into: Buffer, at: number, number: number, time: number): void {
  template.bytes.copy(into, at);
  writeDigits(into, at + template.numberAt, NUMBER_WIDTH, number);
  writeDigits(into, at + template.timeAt, TIME_WIDTH, Math.round(time * 1_000));
}

/** Sends recorded commands to Redis, many in one write, without replies. */
export class Publisher {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // Replies would cost Redis and this process as much as the messages; the clients know what has arrived.
    socket.write("CLIENT REPLY OFF\r\n");
    socket.resume();
  }

  static async open(port: number): Promise<Publisher> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Publisher(socket);
  }

  /** Sends `count` messages with the numbers from `first` on. @param time - when they are due */
  send(template: Template, first: number, count: number, time = now()): void {
    const size = template.bytes.length;
    const bytes = Buffer.allocUnsafe(size * count);
    for (let index = 0; index < count; index += 1) {
      stamp(template, bytes, index * size, first + index, time);
    }
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }
}
