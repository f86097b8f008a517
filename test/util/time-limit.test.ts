import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "ava";
import { timeLimit } from "../../src/util/time-limit.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("a time limit that nothing else holds aborts after garbage was collected", async (t) => {
  const closing = new AbortController();
  const waiting = Array.from({ length: 10 }, () => aborted(timeLimit(50, closing.signal).signal));
  collectGarbage();
  await Promise.all(waiting);
  t.false(closing.signal.aborted);
});

test("it aborts with the other signal, at once where that has aborted", async (t) => {
  const closing = new AbortController();
  const { signal } = timeLimit(60_000, closing.signal);
  const waiting = aborted(signal);
  closing.abort();
  await waiting;
  t.true(timeLimit(60_000, closing.signal).signal.aborted);
});

test("one that has ended never aborts", async (t) => {
  const closing = new AbortController();
  const limit = timeLimit(1, closing.signal);
  limit.end();
  closing.abort();
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.false(limit.signal.aborted);
});
