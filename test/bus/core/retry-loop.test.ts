import test from "ava";
import { type RetryFailure, type RetryLoopOptions, startRetryLoop } from "../../../src/bus/core/retry-loop.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { cleanUp } from "../../../src/testing/scope.js";

type Session = RetryLoopOptions["session"];

const fail = async (): Promise<never> => {
  throw new Error("made to fail");
};

const lasting =
  (milliseconds: number): Session =>
  async (connected) => {
    connected();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await fail();
  };

/** Runs these sessions, one after the other; the last one resolves. */
async function run(sessions: readonly Session[], options: Partial<RetryLoopOptions> = {}): Promise<RetryFailure[]> {
  const failures: RetryFailure[] = [];
  const waiting = [...sessions];
  const session: Session = async (connected) => waiting.shift()?.(connected);
  const { signal } = new AbortController();
  await startRetryLoop({ session, onFailure: (failure) => failures.push(failure), signal, ...options }).ended;
  return failures;
}

const attempts = (failures: readonly RetryFailure[]) => failures.map(({ attempt }) => attempt);

test("failures in a row are counted, with growing pauses, until a session resolves", async (t) => {
  const failures = await run([fail, fail, fail]);
  t.deepEqual(attempts(failures), [1, 2, 3]);
  for (const { attempt, delay, error, hasLasted } of failures) {
    const ceiling = 50 * 2 ** (attempt - 1);
    t.true(delay >= ceiling / 2 && delay <= ceiling);
    t.is((error as Error).message, "made to fail");
    t.false(hasLasted);
  }
});

test("a session that was connected starts the count again", async (t) => {
  t.deepEqual(attempts(await run([fail, fail, lasting(0), fail])), [1, 2, 1, 2]);
});

test("one that was connected for less than minLifetime counts as one more failure", async (t) => {
  const failures = await run([fail, lasting(0), lasting(30), fail], { minLifetime: 20 });
  t.deepEqual(attempts(failures), [1, 2, 1, 2]);
  t.deepEqual(
    failures.map(({ hasLasted }) => hasLasted),
    [false, false, true, false],
  );
});

test("one that ends silently is followed at once, and only the next failure is reported", async (t) => {
  const lifetimes: number[] = [];
  const endsSilently = (lifetime: number) => lifetimes.push(lifetime) > 0 && lifetime >= 20;
  t.deepEqual(attempts(await run([fail, lasting(30), lasting(30), fail], { endsSilently })), [1, 1]);
  t.deepEqual(
    lifetimes.map((lifetime) => lifetime >= 20),
    [false, true, true, false],
  );
  t.true(lifetimes[0] === Number.NEGATIVE_INFINITY);
});

test("retryNow ends the pause, and the signal ends the loop", async (t) => {
  const failures = new Inbox<RetryFailure>();
  const closing = new AbortController();
  const loop = startRetryLoop({ session: fail, onFailure: (failure) => failures.add(failure), signal: closing.signal });
  cleanUp(t, () => closing.abort());
  await failures.find("a long pause", ({ attempt }) => attempt === 5);
  const since = performance.now();
  loop.retryNow();
  await failures.find("the next attempt", ({ attempt }) => attempt === 6);
  t.true(performance.now() - since < 100);
  closing.abort();
  await loop.ended;
  t.is(failures.items.length, 6);
});

test("after the signal, the end of the session is no failure", async (t) => {
  const closing = new AbortController();
  const session: Session = async () => {
    closing.abort();
    await fail();
  };
  t.deepEqual(await run([session], { signal: closing.signal }), []);
});
