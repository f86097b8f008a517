import { parentPort, workerData } from "node:worker_threads";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { mutatedPickles } from "./pickle-mutations.js";
import { tryUnpickle } from "./pickles.js";

export interface FuzzOptions {
  readonly frames: number;
  readonly seed: number;
  /** Bytes of the largest message that is read. */
  readonly maxSize: number;
}

export interface FuzzResult {
  /** How many were accepted, or rejected for which reason. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How many of the accepted ones were messages. */
  readonly messages: number;
  /** Bytes of the largest value, as JSON. */
  readonly largest: number;
  readonly milliseconds: number;
  /** Largest size of the heap in bytes, sampled. */
  readonly heap: number;
}

/** Everything that happens to a message before a server gets it. */
function run({ frames, seed, maxSize }: FuzzOptions): FuzzResult {
  const outcomes: Record<string, number> = {};
  const started = performance.now();
  let [messages, largest, heap, number] = [0, 0, 0, 0];
  for (const frame of mutatedPickles(frames, seed)) {
    const read = tryUnpickle(frame, maxSize);
    const outcome = "rejection" in read ? read.rejection.reason : "accepted";
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (!("rejection" in read)) {
      largest = Math.max(largest, JSON.stringify(read.value)?.length ?? 0);
      if (typeof read.value === "object" && read.value !== null) {
        read.decodeExactly("room");
      }
    }
    const decoded = decode(frame, maxSize, { legacyPickle: "data-only", dialect: "5.13" });
    if (decoded.kind === "message") {
      messages += 1;
      if (decoded.message.method === "emit") {
        decodePayload(decoded.message.payload);
      }
    }
    number += 1;
    if (number % 1_000 === 0) {
      heap = Math.max(heap, process.memoryUsage().heapUsed);
    }
  }
  return { outcomes, messages, largest, milliseconds: performance.now() - started, heap };
}

parentPort?.postMessage(run(workerData as FuzzOptions));
