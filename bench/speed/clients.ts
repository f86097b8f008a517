import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";
import { SocketClient } from "./socket-client.js";
import { Histogram } from "./histogram.js";
import { NUMBER_WIDTH, TIME_WIDTH } from "./payload.js";
import { DeliveryTracker } from "./delivery-tracker.js";

/**
 * Where the number stands in the packet of every system: `42["message",{"n":"0000000001","t":"…`, with a space after
 * commas and colons where Python wrote it.
 */
const PREFIX = Buffer.from('42["message",{"n":');
const SPACE = 0x20;
const JOINED = Buffer.from('42["joined"');

/** So many connect at a time: a listener takes only so many that wait. */
const AT_A_TIME = 50;

function digits(bytes: Buffer, at: number, width: number): number {
  let value = 0;
  for (let index = at; index < at + width; index += 1) {
    value = value * 10 + (bytes[index] as number) - 48;
  }
  return value;
}

const startsWith = (bytes: Buffer, at: number, text: Buffer): boolean =>
  bytes.compare(text, 0, text.length, at, at + text.length) === 0;

/** The members of a room, all in this process; they count what they receive together. */
export class Clients {
  readonly trackers: DeliveryTracker[] = [];
  readonly latencies = new Histogram();
  /** First arrivals at all clients together, probes not among them. */
  deliveries = 0;
  /** Set while latencies are wanted. */
  isTimed = false;
  onDelivery = (): void => {};
  readonly #clients: SocketClient[] = [];
  readonly #probed = new Set<number>();
  readonly #joined = new Map<number, () => void>();
  #gone: string | undefined;

  get size(): number {
    return this.#clients.length;
  }

  get isProbed(): boolean {
    return this.#probed.size === this.size;
  }

  /** Why one of the clients is gone, if one is. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** Adds clients, each in the rooms that are said for its index. */
  async connect(port: number, count: number, roomsOf: (index: number) => readonly string[]): Promise<void> {
    for (let from = 0; from < count; from += AT_A_TIME) {
      const indices = Array.from({ length: Math.min(AT_A_TIME, count - from) }, (_, index) => from + index);
      await Promise.all(indices.map((index) => this.#connectOne(port, roomsOf(index))));
    }
  }

  first(): SocketClient {
    return this.#clients[0] as SocketClient;
  }

  close(): void {
    for (const client of this.#clients) {
      client.close();
    }
  }

  async #connectOne(port: number, rooms: readonly string[]): Promise<void> {
    const index = this.#clients.length;
    const tracker = new DeliveryTracker();
    const client = new SocketClient(port, {
      onEvent: (bytes, at) => this.#onEvent(index, tracker, bytes, at),
      onGone: (reason) => {
        this.#gone ??= reason;
      },
    });
    this.#clients.push(client);
    this.trackers.push(tracker);
    await withTimeout(`connection ${index + 1}`, client.connected);
    if (rooms.length > 0) {
      const joined = new Promise<void>((resolve) => this.#joined.set(index, resolve));
      client.emit("join", rooms);
      await withTimeout(`the rooms of client ${index + 1}`, joined);
    }
  }

  #onEvent(index: number, tracker: DeliveryTracker, bytes: Buffer, at: number): void {
    if (!startsWith(bytes, at, PREFIX)) {
      if (startsWith(bytes, at, JOINED)) {
        this.#joined.get(index)?.();
      }
      return;
    }
    const isSpaced = bytes[at + PREFIX.length] === SPACE;
    const numberAt = at + PREFIX.length + (isSpaced ? ' "' : '"').length;
    const number = digits(bytes, numberAt, NUMBER_WIDTH);
    if (number === 0) {
      this.#probed.add(index);
    } else {
      const before = tracker.received;
      tracker.add(number);
      this.deliveries += tracker.received - before;
      if (this.isTimed) {
        const timeAt = numberAt + NUMBER_WIDTH + (isSpaced ? '", "t": "' : '","t":"').length;
        this.latencies.add(now() * 1_000 - digits(bytes, timeAt, TIME_WIDTH));
      }
    }
    this.onDelivery();
  }
}
