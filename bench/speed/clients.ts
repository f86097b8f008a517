import { createHistogram } from "node:perf_hooks";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { now } from "../shared/clock.js";
import { DeliveryTracker } from "./delivery-tracker.js";
import { NUMBER_WIDTH, TIME_WIDTH } from "./payload.js";
import { SocketClient } from "./socket-client.js";

/**
 * What precedes the number in the packet of every system: `42["message",{"n":"0000000001","t":"…`, with a space after
 * commas and colons if Python wrote it.
 */
const PREFIX = Buffer.from('42["message",{"n":');
const SPACE = 0x20;
const JOINED = Buffer.from('42["joined"');

/** Clients that connect concurrently, below the backlog of a listener. */
const CONCURRENCY = 50;

function digits(bytes: Buffer, at: number, width: number): number {
  let value = 0;
  for (let index = at; index < at + width; index += 1) {
    value = value * 10 + (bytes[index] as number) - 48;
  }
  return value;
}

const startsWith = (bytes: Buffer, at: number, text: Buffer): boolean =>
  bytes.compare(text, 0, text.length, at, at + text.length) === 0;

/** The members of a room, all in this process. They count together what they receive. */
export class Clients {
  readonly trackers: DeliveryTracker[] = [];
  /** In microseconds, to three significant digits. */
  readonly latencies = createHistogram();
  /** First arrivals at all clients together, without probes. */
  deliveries = 0;
  /** Whether latencies are recorded. */
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

  /** Why a client has lost its connection, if one has. */
  get gone(): string | undefined {
    return this.#gone;
  }

  /** Adds clients, each in the rooms for its index. */
  async connect(port: number, count: number, roomsOf: (index: number) => readonly string[]): Promise<void> {
    for (let from = 0; from < count; from += CONCURRENCY) {
      const indices = Array.from({ length: Math.min(CONCURRENCY, count - from) }, (_, index) => from + index);
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
        const latency = Math.round(now() * 1_000 - digits(bytes, timeAt, TIME_WIDTH));
        // A histogram takes no 0.
        this.latencies.record(Math.max(1, latency));
      }
    }
    this.onDelivery();
  }
}
