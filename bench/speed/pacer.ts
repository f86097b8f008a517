/**
 * A worker thread that sends at a steady rate. Between two messages it sleeps, with a resolution below a millisecond. A
 * marker, if there is one, follows every sixteenth message at once.
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
  /** Number of the first message, and of the first marker. */
  readonly firstLoad: number;
  readonly firstMarker: number;
  /** Messages a second, without markers. */
  readonly rate: number;
  readonly count: number;
}

/** A Buffer from another thread arrives as a plain Uint8Array. */
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
  // Lets the socket flush its writes.
  await turn();
}
parentPort?.postMessage("sent");
