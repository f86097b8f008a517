import { once } from "node:events";
import test from "ava";
import type { FuzzOptions, FuzzResult } from "../../helpers/pickle-fuzz-worker.js";
import { startWorker } from "../../helpers/run-from.js";

/** `npm run fuzz` runs a million. */
const FRAMES = Number(process.env.PICKLE_FUZZ_FRAMES ?? 100_000);

const MAX_SIZE = 100_000;

/** The worker fails if its heap grows beyond this. */
const HEAP_MB = 48;

test(`${FRAMES} mutated pickles: none throws or hangs, and memory stays bounded`, async (t) => {
  const options: FuzzOptions = { frames: FRAMES, seed: 5_13, maxSize: MAX_SIZE };
  const worker = startWorker("test/helpers/pickle-fuzz-worker.ts", {
    workerData: options,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 16 },
  });
  const [result] = (await once(worker, "message")) as [FuzzResult];
  const { outcomes, messages, largest, milliseconds, heap } = result;
  t.log(outcomes, { messages, largest, seconds: milliseconds / 1_000, heapMB: heap / 1e6 });
  t.is(
    Object.values(outcomes).reduce((sum, count) => sum + count, 0),
    FRAMES,
  );
  const known = ["accepted", "unsafe_pickle", "bad_pickle", "unsafe_name", "too_large", "too_deep"];
  // The mutations reach all of the reader, and leave some frames valid.
  t.deepEqual(Object.keys(outcomes).sort(), [...known].sort());
  t.true((outcomes.accepted ?? 0) > FRAMES / 50);
  t.true(messages > FRAMES / 100);
  t.true(largest <= MAX_SIZE);
});
