import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { now } from "../shared/clock.js";
import type { Clients } from "./clients.js";
import type { Floor } from "./floor.js";
import type { Pace } from "./pacer.js";
import { Publisher, type Template } from "./publisher.js";

/** What is sent to a room without members is followed by one to the clients, after so many. */
export const MARKER_EVERY = 16;

const PROBE_EVERY_MS = 50;
const PROBE_PATIENCE_MS = 30_000;

/** Nothing more arrives: what is still missing is lost. */
const SILENCE_MS = 5_000;

/** A run as the clients saw it. */
export interface LoadRun {
  /** Messages that were sent; markers are not counted. */
  readonly sent: number;
  /** To all clients together. */
  readonly delivered: number;
  readonly expected: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** From the first message to the last arrival, in milliseconds. */
  readonly elapsed: number;
  /** Of this process, in milliseconds. */
  readonly cpu: number;
  /** Microseconds from the moment at which a message was due; 0 at saturation, where nobody asks. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Sends and waits until everything has arrived. */
export class Sender {
  load: Template | undefined;
  /** Only where the load itself has no recipients. */
  marker: Template | undefined;
  /** The server itself emits, when a client asks it to. */
  fromHost: { readonly room: string; readonly bytes: number } | undefined;
  readonly #redisPort: number;
  readonly #publisher: Publisher;
  readonly #crowd: Clients;
  readonly #floor: Floor | undefined;
  /** Numbers go on from run to run. */
  #sent = 0;
  #markers = 0;

  private constructor(redisPort: number, publisher: Publisher, crowd: Clients, floor: Floor | undefined) {
    this.#redisPort = redisPort;
    this.#publisher = publisher;
    this.#crowd = crowd;
    this.#floor = floor;
  }

  static async open(redisPort: number, crowd: Clients, floor: Floor | undefined): Promise<Sender> {
    return new Sender(redisPort, await Publisher.open(redisPort), crowd, floor);
  }

  /** The subscriber that only counts needs none: it is there when it has subscribed. @throws Error when not everyone hears */
  async probe(): Promise<void> {
    const end = now() + PROBE_PATIENCE_MS;
    while (this.#floor === undefined && !this.#crowd.isProbed) {
      if (now() > end || this.#crowd.gone !== undefined) {
        throw new Error(`not every client hears what is sent to its room: ${this.#crowd.gone ?? "silence"}`);
      }
      this.sendProbe();
      await pause(PROBE_EVERY_MS);
    }
  }

  /** One that counts for nothing, to the clients. */
  sendProbe(): void {
    this.#send(0, 1, true);
  }

  /** Keeps `window` messages in flight for that long. */
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
    while (!isOver && this.#crowd.gone === undefined && now() < end + SILENCE_MS) {
      await pause(10);
    }
    isOver = true;
    return measured();
  }

  /** Sends at that many messages a second, whatever comes of them. A thread of its own does, so that it is in time. */
  async pace(time: number, rate: number): Promise<LoadRun> {
    const measured = this.#begin();
    this.#crowd.latencies.clear();
    this.#crowd.isTimed = true;
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
    this.#crowd.isTimed = false;
    await worker.terminate();
    const quantile = (share: number) => this.#crowd.latencies.quantile(share);
    return { ...run, p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999) };
  }

  #listen(onDelivery: () => void): void {
    this.#crowd.onDelivery = onDelivery;
    if (this.#floor !== undefined) {
      this.#floor.onCount = onDelivery;
    }
  }

  #completed(): number {
    if (this.#floor !== undefined) {
      return this.#floor.count;
    }
    const complete = Math.floor(this.#crowd.deliveries / this.#crowd.size);
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
      this.#crowd.first().emit("emit", this.fromHost.room, first, count, this.fromHost.bytes);
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

  /** @returns a function that waits until everything has arrived, and tells how it went */
  #begin(): () => Promise<LoadRun> {
    const { deliveries } = this.#crowd;
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
        this.#crowd.trackers.reduce((total, tracker) => total + value(tracker), 0);
      const missingAtFloor = this.#floor === undefined ? 0 : this.#sent - this.#completed();
      return {
        sent: this.#sent - sent,
        delivered: this.#crowd.deliveries - deliveries,
        expected: (this.marker === undefined ? this.#sent - sent : this.#markers - markers) * this.#crowd.size,
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
    while (this.#completed() < this.#sent && now() - since < SILENCE_MS && this.#crowd.gone === undefined) {
      const progress = this.#floor?.count ?? this.#crowd.deliveries;
      if (progress !== seen) {
        seen = progress;
        since = now();
      }
      await pause(2);
    }
  }
}
