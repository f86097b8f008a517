import { once, setMaxListeners } from "node:events";
import type { ServerResponse } from "node:http";
import test, { type ExecutionContext } from "ava";
import { Backend } from "../../src/edge/backend.js";
import { BackendFailure } from "../../src/edge/backend-failure.js";
import { type Body, encodeArgs, encodeBody } from "../../src/edge/body.js";
import { CallGatherer } from "../../src/edge/gatherer.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { end, FAKE_SECRET, type FakeBackendOptions, frame, reply, startFakeBackend } from "../helpers/fake-backend.js";
import { startProxy } from "../helpers/proxy.js";

/** What workers answer to an event whose handler takes so long, in milliseconds. */
const answer = (text: unknown, took = 0.1, process = 1): Buffer => reply({ took, process }, [text]);

const textOf = ({ args }: Body): unknown => args[0];

/** A request of the edge that a worker has begun with, and that the test ends. */
interface Held {
  readonly calls: readonly Body[];
  readonly response: ServerResponse;
}

/** Before workers of which each request waits for the test. */
async function start(
  t: ExecutionContext,
  options: Partial<FakeBackendOptions> & {
    isInOrder?: boolean;
    slow?: number;
    end?: number;
    isProxied?: boolean;
  } = {},
) {
  const { isInOrder = true, slow = 60_000, end: longestEnd, isProxied = false } = options;
  const held = new Inbox<Held>();
  let holds = false;
  let taken = 0;
  /** The next request that waits. */
  const next = () => {
    const index = taken;
    taken += 1;
    return held.find(`request ${index}`, (_, at) => at === index);
  };
  const workers = await startFakeBackend(t, {
    description: {},
    onEvent: (call, response) => {
      if (holds) {
        held.add({ calls: [call], response });
      } else {
        end(response, answer(textOf(call)));
      }
    },
    onBatch: (calls, response) => held.add({ calls, response }),
  });
  const url = new URL(workers.url);
  url.port = isProxied ? String((await startProxy(t, Number(url.port))).port) : url.port;
  const backend = new Backend({ url, secret: FAKE_SECRET, maxBytes: 1_000 });
  cleanUp(t, () => backend.close());
  const gatherer = new CallGatherer(backend, () => isInOrder, {
    slow,
    ...(longestEnd === undefined ? {} : { end: longestEnd }),
  });
  const neverAborted = new AbortController().signal;
  setMaxListeners(0, neverAborted);
  const call = (text: unknown, more: { name?: string; signal?: AbortSignal; onSent?: () => void } = {}) =>
    gatherer
      .call({
        name: "quick",
        signal: neverAborted,
        ...more,
        body: encodeBody({ kind: "event" }, encodeArgs([text])),
      })
      .then(textOf);
  // Now it is known to be quick.
  await call("the first");
  holds = true;
  /** Two requests are under way, one for each place of the one process that has answered. */
  const fill = async () => {
    const filling = [call("running 1"), call("running 2")];
    return { filling, running: [await next(), await next()] };
  };
  return { workers, call, next, fill };
}

const finish = ({ calls, response }: Held): void => {
  if (calls.length === 1) {
    end(response, answer(textOf(calls[0] as Body)));
  } else {
    response.end(Buffer.concat(calls.map((one, number) => frame(number, answer(textOf(one))))));
  }
};

const failureOf = async (promise: Promise<unknown>): Promise<BackendFailure> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof BackendFailure)) {
    throw new Error(`no failure of a backend: ${error}`);
  }
  return error;
};

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `call ${number}`);

test("calls travel alone while workers keep up, and together while they do not", async (t) => {
  const { workers, call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const waiting = numbered(20).map((text) => call(text));
  finish(running[0] as Held);
  const batch = await next();
  t.deepEqual(batch.calls.map(textOf), numbered(16));
  finish(batch);
  const rest = await next();
  t.deepEqual(rest.calls.map(textOf), numbered(20).slice(16));
  finish(rest);
  finish(running[1] as Held);
  t.deepEqual(await Promise.all([...filling, ...waiting]), ["running 1", "running 2", ...numbered(20)]);
  t.deepEqual(workers.batches, [16, 4]);
});

test("a reply is there before the next call of the batch has ended", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const waiting = numbered(2).map((text) => call(text));
  finish(running[0] as Held);
  const { response } = await next();
  response.write(frame(0, answer("done")));
  t.is(await waiting[0], "done");
  response.end(frame(1, answer("done, too")));
  t.is(await waiting[1], "done, too");
  finish(running[1] as Held);
  await Promise.all(filling);
});

test("calls whose handler is slow, or not known, do not wait", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const unknown = call("unknown", { name: "unknown" });
  const other = await next();
  t.deepEqual(other.calls.map(textOf), ["unknown"]);
  end(other.response, answer("slow", 500));
  t.is(await unknown, "slow");
  const again = call("slow again", { name: "unknown" });
  finish(await next());
  t.is(await again, "slow again");
  for (const one of running) {
    finish(one);
  }
  await Promise.all(filling);
});

test("a request that takes longer than any quick call does not keep others waiting", async (t) => {
  const { call, next, fill } = await start(t, { slow: 50 });
  const { filling, running } = await fill();
  const other = call("other");
  finish(await next());
  t.is(await other, "other");
  for (const one of running) {
    finish(one);
  }
  await Promise.all(filling);
});

test("each process of Python has its requests", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  for (const [number, one] of running.entries()) {
    end(one.response, answer("done", 0.1, 2 + number));
  }
  await Promise.all(filling);
  const calls = numbered(6).map((text) => call(text));
  const requests = await Promise.all(calls.map(() => next()));
  t.true(requests.every((request) => request.calls.length === 1));
  for (const request of requests) {
    finish(request);
  }
  await Promise.all(calls);
});

/** A batch of three of which the worker has answered the first. */
async function startBatch(t: ExecutionContext, workers: { isInOrder?: boolean; isProxied?: boolean } = {}) {
  const { call, next, fill } = await start(t, workers);
  const { filling, running } = await fill();
  const waiting = numbered(3).map((text) => call(text));
  finish(running[0] as Held);
  const { response } = await next();
  await new Promise((resolve) => response.write(frame(0, answer("done")), resolve));
  t.is(await waiting[0], "done");
  const rest = Promise.all(waiting.slice(1).map(failureOf));
  return { response, rest, finish: () => Promise.all([finish(running[1] as Held), ...filling]) };
}

const has = (failures: readonly BackendFailure[]) => failures.map(({ mayHaveRun, isAway }) => ({ mayHaveRun, isAway }));

test("a worker that ends in the middle of a batch has begun with one more call, and with no other", async (t) => {
  const { response, rest, finish: finishOthers } = await startBatch(t);
  response.socket?.end();
  t.deepEqual(has(await rest), [
    { mayHaveRun: true, isAway: true },
    { mayHaveRun: false, isAway: true },
  ]);
  await finishOthers();
});

for (const [what, workers, cut] of [
  ["a connection that is reset may have lost replies", {}, (response) => response.socket?.resetAndDestroy()],
  ["an asynchronous worker has begun with all calls of a batch", { isInOrder: false }, ({ socket }) => socket?.end()],
  ["a proxy may end a connection while the worker goes on", { isProxied: true }, ({ socket }) => socket?.end()],
] as const satisfies readonly (readonly [string, object, (response: ServerResponse) => unknown])[]) {
  test(`${what}: none is said not to have run`, async (t) => {
    const { response, rest, finish: finishOthers } = await startBatch(t, workers);
    cut(response);
    t.deepEqual(has(await rest), [
      { mayHaveRun: true, isAway: true },
      { mayHaveRun: true, isAway: true },
    ]);
    await finishOthers();
  });
}

test("a response that ends too early, or is none, fails the calls without a reply", async (t) => {
  for (const bytes of [Buffer.alloc(0), Buffer.from("garbage without an end"), frame(99, answer("for nobody"))]) {
    const { response, rest, finish: finishOthers } = await startBatch(t);
    response.end(bytes);
    t.deepEqual(has(await rest), [
      { mayHaveRun: true, isAway: false },
      { mayHaveRun: true, isAway: false },
    ]);
    await finishOthers();
  }
});

test("a call of a batch may fail alone", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const waiting = [call("unreadable"), call("good"), call("garbage"), call("too long"), call("never sent")];
  finish(running[0] as Held);
  const { response } = await next();
  const error = encodeBody({ error: "the kind is none" }, encodeArgs([]));
  const parts = [frame(0, error, 400), frame(1, answer("good")), frame(2, Buffer.from("garbage"))];
  response.end(Buffer.concat([...parts, frame(3, answer("x".repeat(2_000)))]));
  t.regex((await failureOf(waiting[0] as Promise<unknown>)).message, /status 400 \("the kind is none"\)/);
  t.is(await waiting[1], "good");
  t.regex((await failureOf(waiting[2] as Promise<unknown>)).message, /the answer does not begin with the lengths/);
  for (const late of waiting.slice(3)) {
    t.regex((await failureOf(late)).message, /answers with more than 1000 bytes/);
  }
  finish(running[1] as Held);
  await Promise.all(filling);
});

test("a call that nobody waits for any longer is not sent, or its reply is passed over", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const [unsent, sent] = [new AbortController(), new AbortController()];
  const first = call("not sent", { signal: unsent.signal });
  const second = call("sent", { signal: sent.signal });
  const third = call("third");
  unsent.abort();
  t.false((await failureOf(first)).mayHaveRun);
  finish(running[0] as Held);
  const batch = await next();
  t.deepEqual(batch.calls.map(textOf), ["sent", "third"]);
  sent.abort();
  t.true((await failureOf(second)).mayHaveRun);
  finish(batch);
  t.is(await third, "third");
  finish(running[1] as Held);
  await Promise.all(filling);
});

test("a batch that nobody waits for any longer is given up", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const impatient = new AbortController();
  const failures = Promise.all(["a", "b"].map((text) => failureOf(call(text, { signal: impatient.signal }))));
  finish(running[0] as Held);
  const { response } = await next();
  const closed = once(response, "close");
  impatient.abort();
  t.true((await failures).every(({ mayHaveRun }) => mayHaveRun));
  await closed;
  finish(running[1] as Held);
  await Promise.all(filling);
});

test("what is called when a call is sent may end it, and it alone", async (t) => {
  const { call, next, fill } = await start(t);
  const { filling, running } = await fill();
  const gone = call("gone", {
    onSent: () => {
      throw new Error("the client is gone");
    },
  });
  const other = call("other");
  finish(running[0] as Held);
  await t.throwsAsync(gone, { message: "the client is gone" });
  const batch = await next();
  t.deepEqual(batch.calls.map(textOf), ["other"]);
  finish(batch);
  t.is(await other, "other");
  finish(running[1] as Held);
  await Promise.all(filling);
});

test("a response that stays open after its last reply does not hold its connection", async (t) => {
  const { call, next, fill } = await start(t, { end: 20 });
  const { filling, running } = await fill();
  const waiting = [call("a"), call("b")];
  finish(running[0] as Held);
  const { response } = await next();
  const closed = once(response, "close");
  response.write(Buffer.concat([frame(0, answer("a")), frame(1, answer("b")), frame(1, answer("twice"))]));
  t.deepEqual(await Promise.all(waiting), ["a", "b"]);
  await closed;
  finish(running[1] as Held);
  await Promise.all(filling);
});

for (const took of ["0.1", -1e300, 1e300, {}]) {
  test(`what is no time says nothing about a handler: ${JSON.stringify(took)}`, async (t) => {
    const { call, next, fill, workers } = await start(t);
    const { filling, running } = await fill();
    end((running[0] as Held).response, reply({ took, process: 1 }, ["done"]));
    await filling[0];
    // It is as quick as before, and no quicker.
    const [first, ...waiting] = numbered(20).map((text) => call(text));
    finish(await next());
    await first;
    finish(await next());
    finish(await next());
    finish(running[1] as Held);
    await Promise.all([...filling, ...waiting]);
    t.deepEqual(workers.batches, [16, 3]);
  });
}

test("what is no process of Python gives no place to more requests", async (t) => {
  const { call, next, fill, workers } = await start(t);
  const { filling, running } = await fill();
  for (const { response } of running) {
    end(response, reply({ took: 0.1, process: { id: 1 } }, ["done"]));
  }
  await Promise.all(filling);
  for (let round = 0; round < 10; round += 1) {
    const one = call("one");
    end((await next()).response, reply({ took: 0.1, process: [round] }, ["done"]));
    await one;
  }
  // That of the first reply, and one for all that say nothing.
  const waiting = numbered(6).map((text) => call(text));
  const held = [await next(), await next(), await next(), await next()];
  finish(held[0] as Held);
  finish(await next());
  held.slice(1).map(finish);
  await Promise.all(waiting);
  t.deepEqual(workers.batches, [2]);
});
