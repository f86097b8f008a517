/**
 * A thread that sends at a steady rate: between two messages it sleeps, to a fraction of a millisecond. Where there is a
 * marker, it follows each sixteenth message at once.
 */
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { now } from "../shared/clock.js";
import { Publisher, type Template } from "./publisher.js";

export interface Pace {
  readonly port: number;
  readonly load: Template;
  readonly marker: Template | undefined;
  readonly markerEvery: number;
  /** Numbers of the first of each. */
  readonly firstLoad: number;
  readonly firstMarker: number;
  /** Messages a second, markers not counted. */
  readonly rate: number;
  readonly count: number;
}

/** What comes from another thread has lost its class. */
const received = (template: Template): Template => ({ ...template, bytes: Buffer.from(template.bytes) });

const pace = workerData as Pace;
const { port, rate, count, markerEvery, firstLoad, firstMarker } = pace;
const load = received(pace.load);
const marker = pace.marker && received(pace.marker);
const bell = new Int32Array(new SharedArrayBuffer(4));
const publisher = await Publisher.open(port);
const begin = now();

for (let index = 0; index < count; index += 1) {
  const due = begin + (index * 1_000) / rate;
  const early = due - now();
  if (early > 0) {
    Atomics.wait(bell, 0, 0, early);
  }
  publisher.send(load, firstLoad + index, 1, due);
  if (marker !== undefined && (index + 1) % markerEvery === 0) {
    publisher.send(marker, firstMarker + Math.floor(index / markerEvery), 1, due);
  }
  // Lets the socket finish its writes.
  await turn();
}
parentPort?.postMessage("sent");
