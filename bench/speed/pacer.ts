/** A thread that sends at a steady rate: between two messages it sleeps, to a fraction of a millisecond. */
import { setImmediate as turn } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { now } from "../shared/clock.js";
import { Publisher, type Template } from "./publisher.js";

interface Pace {
  readonly port: number;
  readonly template: Template;
  readonly first: number;
  readonly rate: number;
  readonly time: number;
}

const { port, template, first, rate, time } = workerData as Pace;
const bell = new Int32Array(new SharedArrayBuffer(4));
const recorded = { ...template, bytes: Buffer.from(template.bytes) };
const publisher = await Publisher.open(port);
const count = Math.max(1, Math.round((rate * time) / 1_000));
const begin = now();

for (let index = 0; index < count; index += 1) {
  const due = begin + (index * 1_000) / rate;
  const early = due - now();
  if (early > 0) {
    Atomics.wait(bell, 0, 0, early);
  }
  publisher.send(recorded, first + index, 1, due);
  // Lets the socket finish its writes, and read Redis' answers.
  await turn();
}
parentPort?.postMessage(count);
