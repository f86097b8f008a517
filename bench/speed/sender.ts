import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { now } from "../shared/clock.js";
import type { Clients } from "./clients.js";
import type { Floor } from "./floor.js";
import type { Pace } from "./pacer.js";
import { Publisher, type Template } from "./publisher.js";

/** Messages to an empty room between two markers, which go to the clients. */
const MARKER_EVERY = 16;

const PROBE_INTERVAL_MS = 50;
const PROBE_TIMEOUT_MS = 30_000;

/** After this silence, what is still missing counts as lost. */
const SILENCE_MS = 5_000;

/** A run, as seen by the clients. */
export interface LoadRun {
  /** Messages sent, without markers. */
  readonly sent: number;
  /** Deliveries to all clients together. */
  readonly delivered: number;
  readonly expected: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** From the first message to the last arrival, in milliseconds. */
  readonly elapsed: number;
  /** CPU time of this process, in milliseconds. */
  readonly cpu: number;
  /** Latency in microseconds, from the time at which a message was due; 0 at saturation, where it is not measured. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Sends messages and waits until all have arrived. */
export class Sender {
  load: Template | undefined;
  /** Only when the load itself has no recipients. */
  marker: Template | undefined;
  /** Has the server emit, by a request of a client, instead of publishing to Redis. */
  fromHost: { readonly room: string; readonly bytes: number } | undefined;
  readonly #redisPort: number;
  readonly #publisher: Publisher;
  readonly #clients: Clients;
  readonly #floor: Floor | undefined;
  /** Numbering continues from run to run. */
  #sent = 0;
  #markers = 0;

  private constructor(redisPort: number, publisher: Publisher, clients: Clients, floor: Floor | undefined) {
    this.#redisPort = redisPort;
    this.#publisher = publisher;
    this.#clients = clients;
    this.#floor = floor;
  }

  static async open(redisPort: number, clients: Clients, floor: Floor | undefined): Promise<Sender> {
    return new Sender(redisPort, await Publisher.open(redisPort), clients, floor);
  }

  /** Probes until every client receives. The counting subscriber is ready when it has started. @throws Error */
  async probe(): Promise<void> {
    const end = now() + PROBE_TIMEOUT_MS;
    while (this.#floor === undefined && !this.#clients.isProbed) {
      if (now() > end || this.#clients.gone !== undefined) {
        throw new Error(`not every client receives what is sent to its room: ${this.#clients.gone ?? "timed out"}`);
      }
      this.sendProbe();
      await pause(PROBE_INTERVAL_MS);
    }
  }

  /** Sends a message to the clients that is not counted. */
  sendProbe(): void {
    this.#send(0, 1, true);
  }

  /** Keeps `window` messages in flight for `time` milliseconds. */
  async saturate(time: number, window: number): Promise<LoadRun> {
    const measured = this.#begin();
    const end = now() + time;
    const atOnce = Math.max(1, Math.floor(window / 4));
    let isOver = false;
    const pump = (): void => {
      const room = window - (this.#sent - this.#completed());
      if (!isOver && room >= atOnce) {
        this.#sendNext(room - (this.marker === undefined ? 0 : room % MARKER_EVERY));
        isOver = now() >= end;
      }
    };
    this.#listen(pump);
    pump();
    while (!isOver && this.#clients.gone === undefined && now() < end + SILENCE_MS) {
      await pause(10);
    }
    isOver = true;
    return measured();
  }

  /** Sends `rate` messages a second, whether they arrive or not, from a thread of its own so that it is on time. */
  async pace(time: number, rate: number): Promise<LoadRun> {
    const measured = this.#begin();
    this.#clients.latencies.reset();
    this.#clients.isTimed = true;
    const rounds = Math.max(1, Math.round((rate * time) / 1_000 / MARKER_EVERY));
    const pace: Pace = {
      port: this.#redisPort,
      load: this.#loaded(),
      marker: this.marker,
      markerEvery: MARKER_EVERY,
      firstLoad: this.#sent + 1,
      firstMarker: this.#markers + 1,
      rate,
      count: rounds * MARKER_EVERY,
    };
    const worker = new Worker(new URL("pacer.js", import.meta.url), { workerData: pace });
    await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    this.#sent += pace.count;
    this.#markers += this.marker === undefined ? 0 : rounds;
    const run = await measured();
    this.#clients.isTimed = false;
    await worker.terminate();
    const { latencies } = this.#clients;
    return { ...run, p50: latencies.percentile(50), p99: latencies.percentile(99), p999: latencies.percentile(99.9) };
  }

  #listen(onDelivery: () => void): void {
    this.#clients.onDelivery = onDelivery;
    if (this.#floor !== undefined) {
      this.#floor.onCount = onDelivery;
    }
  }

  #completed(): number {
    if (this.#floor !== undefined) {
      return this.#floor.count;
    }
    const complete = Math.floor(this.#clients.deliveries / this.#clients.size);
    return this.marker === undefined ? complete : complete * MARKER_EVERY;
  }

  #sendNext(count: number): void {
    if (this.marker === undefined) {
      this.#send(this.#sent + 1, count, false);
      this.#sent += count;
      return;
    }
    for (let sent = 0; sent < count; sent += MARKER_EVERY) {
      this.#send(this.#sent + 1, MARKER_EVERY, false);
      this.#sent += MARKER_EVERY;
      this.#markers += 1;
      this.#send(this.#markers, 1, true);
    }
  }

  #send(first: number, count: number, isToClients: boolean): void {
    if (this.fromHost !== undefined) {
      this.#clients.first().emit("emit", this.fromHost.room, first, count, this.fromHost.bytes);
      return;
    }
    const load = this.#loaded();
    this.#publisher.send(isToClients ? (this.marker ?? load) : load, first, count);
  }

  #loaded(): Template {
    if (this.load === undefined) {
      throw new Error("there is nothing to send");
    }
    return this.load;
  }

  /** @returns a function that waits until everything has arrived, and gives the result */
  #begin(): () => Promise<LoadRun> {
    const { deliveries } = this.#clients;
    const sent = this.#sent;
    const markers = this.#markers;
    const from = now();
    const cpu = process.cpuUsage();
    return async () => {
      await this.#settled();
      const elapsed = now() - from;
      const { user, system } = process.cpuUsage(cpu);
      this.#listen(() => {});
      const numbers = this.marker === undefined ? this.#sent : this.#markers;
      const sum = (value: (tracker: Clients["trackers"][number]) => number) =>
        this.#clients.trackers.reduce((total, tracker) => total + value(tracker), 0);
      const missingAtFloor = this.#floor === undefined ? 0 : this.#sent - this.#completed();
      return {
        sent: this.#sent - sent,
        delivered: this.#clients.deliveries - deliveries,
        expected: (this.marker === undefined ? this.#sent - sent : this.#markers - markers) * this.#clients.size,
        lost: sum((tracker) => tracker.lost(numbers)) + Math.max(0, missingAtFloor),
        doubled: sum((tracker) => tracker.doubled) + Math.max(0, -missingAtFloor),
        outOfOrder: sum((tracker) => tracker.outOfOrder),
        elapsed,
        cpu: (user + system) / 1_000,
        ...{ p50: 0, p99: 0, p999: 0 },
      };
    };
  }

  async #settled(): Promise<void> {
    let seen = -1;
    let since = now();
    while (this.#completed() < this.#sent && now() - since < SILENCE_MS && this.#clients.gone === undefined) {
      const progress = this.#floor?.count ?? this.#clients.deliveries;
      if (progress !== seen) {
        seen = progress;
        since = now();
      }
      await pause(2);
    }
  }
}
