import { setTimeout as pause, setImmediate } from "node:timers/promises";
import test from "ava";
import { type Entry, Outbox } from "../../../src/bus/core/outbox.js";
import { normalizeOutage } from "../../../src/bus/options.js";
import { BridgeError } from "../../../src/errors.js";
import { Inbox } from "../../../src/testing/inbox.js";

function makeOutbox(
  t: { teardown(fn: () => void): void },
  limits: object = {},
  { confirmTimeout = 60_000, isOutage = true } = {},
) {
  const drops: unknown[] = [];
  const unanswered = new Inbox<number>();
  const pressure: unknown[] = [];
  const outbox = new Outbox(normalizeOutage(limits), {
    confirmTimeout,
    onDropped: (...drop) => drops.push(drop),
    onUnconfirmed: () => unanswered.add(unanswered.items.length),
    onBackpressure: (...waiting) => pressure.push(waiting),
    onDrained: () => pressure.push("drained"),
  });
  t.teardown(() => outbox.close());
  if (isOutage) {
    outbox.pause();
  }
  /** As the bus does when the broker is away. */
  const add = (text: string) => {
    const added = outbox.add({ channel: "c", payload: Buffer.from(text) });
    outbox.enforceBounds();
    return added;
  };
  /** As the bus does when the broker is there. */
  const take = (budget?: number) => {
    outbox.resume();
    return outbox.take(budget);
  };
  const texts = (budget?: number) => take(budget).map(({ payload }) => payload.toString());
  return { outbox, drops, unanswered, pressure, add, take, texts };
}

/** Resolves when the broker has confirmed nothing for a second. */
async function untilStalled(outbox: Outbox): Promise<void> {
  while (outbox.isMoving) {
    await setImmediate();
  }
}

test("messages are taken once and in order", (t) => {
  const { add, texts } = makeOutbox(t);
  void add("1");
  void add("2");
  t.deepEqual(texts(), ["1", "2"]);
  void add("3");
  t.deepEqual(texts(), ["3"]);
  t.deepEqual(texts(), []);
});

test("what was not confirmed is taken again after the connection was lost, before newer messages", async (t) => {
  const { outbox, add, take, texts } = makeOutbox(t);
  const first = add("1");
  void add("2");
  const [entry] = take();
  if (entry !== undefined) {
    outbox.confirm(entry);
  }
  await first;
  outbox.connectionLost();
  void add("3");
  t.deepEqual(texts(), ["2", "3"]);
});

test("beyond the count the oldest is dropped and counted, and its promise rejects", async (t) => {
  const { add, texts, drops } = makeOutbox(t, { maxMessages: 2 });
  const first = add("one");
  void add("2");
  void add("3");
  const error = (await t.throwsAsync(first)) as BridgeError;
  t.is(error.code, "BRIDGE_MESSAGE_DROPPED");
  t.deepEqual(drops, [["count", 1, 3]]);
  t.deepEqual(texts(), ["2", "3"]);
});

test("beyond the bytes the oldest are dropped", (t) => {
  const { add, texts, drops } = makeOutbox(t, { maxBytes: 10 });
  void add("aaaa");
  void add("bbbb");
  void add("ccccccc");
  t.deepEqual(drops, [["bytes", 2, 8]]);
  t.deepEqual(texts(), ["ccccccc"]);
});

test("a message that is too old is dropped by a timer", async (t) => {
  const { add, drops, outbox } = makeOutbox(t, { maxAge: 20 });
  await t.throwsAsync(add("old"), { message: /age/ });
  t.deepEqual(drops, [["age", 1, 3]]);
  t.is(outbox.size, 0);
});

test("while messages flow nothing is dropped; what waits beyond the bounds is reported as it doubles", async (t) => {
  const { drops, outbox, pressure, add, take, texts } = makeOutbox(t, { maxMessages: 2 });
  t.deepEqual(texts(), []);
  for (let number = 0; number < 13; number += 1) {
    void add(String(number));
  }
  t.deepEqual(pressure, [
    [3, 3],
    [6, 6],
    [12, 14],
  ]);
  t.deepEqual(texts(3), ["0", "1", "2"]);
  t.is(pressure.length, 3);
  t.is(take().length, 10);
  // Not before whoever took them has sent them.
  t.is(pressure.length, 3);
  await Promise.resolve();
  t.is(pressure.at(-1), "drained");
  t.deepEqual(drops, []);
  // The connection is gone with all of it on its way: it is kept, and what comes now is bounded.
  outbox.connectionLost();
  t.is(outbox.size, 13);
  for (const text of ["13", "14", "15"]) {
    void add(text);
  }
  t.is(outbox.size, 15);
  t.deepEqual(drops, [["count", 1, 1]]);
});

test("what waits no more because it was dropped is drained as well, once", async (t) => {
  const { outbox, drops, pressure, add, take } = makeOutbox(t, { maxMessages: 2, maxAge: 20 });
  take();
  const added = ["1", "2", "3"].map(add);
  t.is(pressure.length, 1);
  outbox.pause();
  for (const dropped of added) {
    await t.throwsAsync(dropped);
  }
  t.deepEqual(drops, [["age", 3, 3]]);
  t.deepEqual(pressure, [[3, 3], "drained"]);
  t.is(take().length, 0);
});

test("a budget stops what is taken, but for one message that is larger", (t) => {
  const { add, texts } = makeOutbox(t);
  for (const text of ["aaaa", "bbbb", "cccc", "dddd"]) {
    void add(text);
  }
  t.deepEqual(texts(5), ["aaaa", "bbbb"]);
  t.deepEqual(texts(1), ["cccc"]);
  t.deepEqual(texts(0), []);
  t.deepEqual(texts(-1), []);
});

test("no more is taken than may be unconfirmed, until it is confirmed", (t) => {
  const { outbox, add, take } = makeOutbox(t);
  const mebibyte = "x".repeat(1024 * 1024);
  for (let number = 0; number < 10; number += 1) {
    void outbox.add({ channel: "c", payload: Buffer.from(mebibyte) });
  }
  const sent = take();
  t.is(sent.length, 8);
  void add("last");
  t.is(take().length, 0);
  outbox.confirm(sent[0] as Entry);
  t.is(take().length, 1);
});

test("a drop whose promise nobody awaits does not crash the process", async (t) => {
  const { add, drops } = makeOutbox(t, { maxMessages: 1 });
  void add("1");
  void add("2");
  await setImmediate();
  t.is(drops.length, 1);
});

test("close() drops what is left and reports it", async (t) => {
  const { outbox, add, drops } = makeOutbox(t);
  const waiting = add("1");
  outbox.close();
  await t.throwsAsync(waiting, { message: /closed/ });
  t.deepEqual(drops, [["closed", 1, 1]]);
  await outbox.drained();
});

test("what is dropped is freed", (t) => {
  const { add, outbox, texts } = makeOutbox(t, { maxMessages: 10 });
  for (let number = 0; number < 10_000; number += 1) {
    void add(String(number));
  }
  t.is(outbox.size, 10);
  t.deepEqual(texts(), ["9990", "9991", "9992", "9993", "9994", "9995", "9996", "9997", "9998", "9999"]);
});

test("a message that the broker refuses is counted, and the others stay", async (t) => {
  const { add, outbox, drops, take } = makeOutbox(t);
  const [first, second] = [add("1"), add("22")];
  const [refused, confirmed] = take();
  if (refused === undefined || confirmed === undefined) {
    return t.fail();
  }
  outbox.refuse(refused, new BridgeError("BRIDGE_BROKER_UNAVAILABLE", "no"));
  outbox.confirm(confirmed);
  await t.throwsAsync(first, { message: "no" });
  await second;
  t.deepEqual(drops, [["refused", 1, 1]]);
  t.is(outbox.size, 0);
});

test("a process that was blocked goes on to send: the confirms may be there, unread", (t) => {
  const { drops, outbox, texts } = makeOutbox(t, { maxMessages: 1, maxAge: 100 });
  void outbox.add({ channel: "c", payload: Buffer.from("1") });
  t.deepEqual(texts(), ["1"]);
  const until = performance.now() + 1_200;
  while (performance.now() < until);
  for (const text of ["2", "3", "4"]) {
    void outbox.add({ channel: "c", payload: Buffer.from(text) });
    t.deepEqual(texts(), [text]);
    outbox.enforceBounds();
  }
  t.deepEqual(drops, []);
});

test("a broker that confirms nothing for a second gets no more until it confirms, and what comes meanwhile is bounded", async (t) => {
  const { drops, outbox, add, take, texts } = makeOutbox(t, { maxMessages: 2 });
  void add("1");
  const [sent] = take();
  for (const text of ["2", "3", "4", "5"]) {
    void add(text);
  }
  await untilStalled(outbox);
  for (const text of ["6", "7"]) {
    void add(text);
  }
  t.deepEqual(drops, []);
  void add("8");
  t.deepEqual(drops, [["count", 1, 1]]);
  t.deepEqual(texts(), []);
  outbox.confirm(sent as Entry);
  t.deepEqual(texts(), ["3", "4", "5", "6", "7", "8"]);
});

test("what waited when the broker was lost is kept, and the bounds hold for what comes from then on", (t) => {
  const { drops, outbox, add, take, texts } = makeOutbox(t, { maxMessages: 2 });
  void add("1");
  t.is(take().length, 1);
  for (const text of ["2", "3", "4"]) {
    void add(text);
  }
  outbox.connectionLost();
  outbox.pause();
  for (const text of ["5", "6"]) {
    void add(text);
  }
  t.deepEqual(drops, []);
  void add("7");
  t.deepEqual(drops, [["count", 1, 1]]);
  t.deepEqual(texts(), ["2", "3", "4", "5", "6", "7"]);
});

test("what waited when the broker became silent is kept also when it turns out to be away", async (t) => {
  const { drops, outbox, add, take, texts } = makeOutbox(t, { maxMessages: 2 });
  void add("1");
  t.is(take().length, 1);
  for (const text of ["2", "3", "4"]) {
    void add(text);
  }
  await untilStalled(outbox);
  void add("5");
  outbox.connectionLost();
  void add("6");
  t.deepEqual(drops, []);
  void add("7");
  t.deepEqual(drops, [["count", 1, 1]]);
  t.deepEqual(texts(), ["2", "3", "4", "5", "6", "7"]);
});

test("what waited is kept also when a silence is found at the moment of its timeout", async (t) => {
  const { drops, outbox, unanswered, add, take } = makeOutbox(t, { maxMessages: 2 }, { confirmTimeout: 1_000 });
  void add("1");
  t.is(take().length, 1);
  for (const text of ["2", "3", "4"]) {
    void add(text);
  }
  await unanswered.find("the timeout", () => true);
  outbox.connectionLost();
  t.is(outbox.size, 4);
  t.deepEqual(drops, []);
});

test("what waited and is too old makes no room for more", async (t) => {
  const { drops, outbox, add, take } = makeOutbox(t, { maxMessages: 2, maxAge: 200 });
  take();
  const old = ["1", "2", "3"].map(add);
  outbox.pause();
  for (const dropped of old) {
    await t.throwsAsync(dropped, { message: /age/ });
  }
  for (const text of ["4", "5", "6"]) {
    void add(text);
  }
  t.is(outbox.size, 2);
  t.deepEqual(drops.at(-1), ["count", 1, 1]);
});

test("each outage has bounds of its own", (t) => {
  const { drops, outbox, add, take, texts } = makeOutbox(t, { maxBytes: 10 });
  void add("before it");
  outbox.connectionLost();
  void add("in it");
  t.deepEqual(drops, [["bytes", 1, 9]]);
  for (const entry of take()) {
    outbox.confirm(entry);
  }
  outbox.connectionLost();
  void add("0123456789");
  void add("x");
  t.deepEqual(drops.slice(1), [["bytes", 1, 10]]);
  t.deepEqual(texts(), ["x"]);
});

// Serial: other tests here block the process.
test.serial("when a silent broker is given up, ages count from when messages were published", async (t) => {
  const { outbox, add, take } = makeOutbox(t, { maxAge: 1_500 }, { isOutage: false });
  void add("1");
  t.is(take().length, 1);
  const dropped = t.throwsAsync(add("2"), { message: /age/ });
  // Before an age that counts from the silence.
  const later = pause(2_200, "later");
  await untilStalled(outbox);
  outbox.connectionLost();
  t.not(await Promise.race([dropped, later]), "later");
  await later;
});

test("a silent broker costs nothing that has waited for long", async (t) => {
  const { drops, outbox, add, take } = makeOutbox(t, { maxAge: 500 });
  void add("1");
  t.is(take().length, 1);
  void add("2");
  await untilStalled(outbox);
  t.deepEqual(drops, []);
});

test("a broker that says why it takes nothing is not given up, and the bounds hold", async (t) => {
  const { drops, outbox, unanswered, add, take } = makeOutbox(t, { maxMessages: 1 }, { confirmTimeout: 50 });
  void add("sent");
  t.is(take().length, 1);
  outbox.pause();
  void add("1");
  void add("2");
  t.deepEqual(drops, [["count", 1, 1]]);
  t.is(outbox.take().length, 0);
  t.is(take().length, 1);
  await unanswered.find("the timeout, from then on", () => true);
});

test("a connection that confirms is kept, one that leaves a message unconfirmed is given up, once", async (t) => {
  const { outbox, unanswered, add, take } = makeOutbox(t, {}, { confirmTimeout: 50 });
  void add("answered");
  for (const entry of take()) {
    outbox.confirm(entry);
  }
  void add("unanswered");
  t.is(take().length, 1);
  const since = performance.now();
  await unanswered.find("the timeout", () => true);
  t.true(performance.now() - since >= 49);
  outbox.connectionLost();
  t.is(take().length, 1);
  await unanswered.find("the timeout of the next connection", (count) => count === 1);
  t.is(unanswered.items.length, 2);
});

test("after the process was blocked, the timeout starts again", async (t) => {
  const { outbox, unanswered, add, take } = makeOutbox(t, {}, { confirmTimeout: 50 });
  void add("answered");
  void add("unread");
  const [answered] = take();
  if (answered !== undefined) {
    outbox.confirm(answered);
  }
  const until = performance.now() + 1_200;
  while (performance.now() < until) {
    // Neither timers nor sockets.
  }
  await unanswered.find("the timeout", () => true);
  t.true(performance.now() - until >= 49);
});

test("before an attempt to connect has failed the bounds do not hold", (t) => {
  const { outbox, drops } = makeOutbox(t, { maxMessages: 1 }, { isOutage: false });
  for (const text of ["1", "2"]) {
    void outbox.add({ channel: "c", payload: Buffer.from(text) });
    outbox.enforceBounds();
  }
  outbox.pause();
  t.deepEqual(drops, []);
  for (const text of ["3", "4"]) {
    void outbox.add({ channel: "c", payload: Buffer.from(text) });
    outbox.enforceBounds();
  }
  t.deepEqual(drops, [["count", 1, 1]]);
});
