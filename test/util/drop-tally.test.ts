import test from "ava";
import type { DropReason } from "../../src/bus/bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { DropTally } from "../../src/util/drop-tally.js";

function makeTally(t: { teardown(fn: () => void): void }) {
  const reports = new Inbox<readonly [DropReason, number, number]>();
  const tally = new DropTally<DropReason>((...report) => reports.add(report));
  t.teardown(() => tally.flush());
  return { reports, tally };
}

test("what is dropped in a row is one report for each reason, with the sum", async (t) => {
  const { reports, tally } = makeTally(t);
  for (let count = 0; count < 1_000; count += 1) {
    tally.add("count", 1, 10);
  }
  tally.add("bytes", 2, 5);
  t.deepEqual(reports.items, []);
  await Promise.resolve();
  t.deepEqual(reports.items, [
    ["count", 1_000, 10_000],
    ["bytes", 2, 5],
  ]);
});

test("what is dropped soon after a report is added up for a second, or until the end", async (t) => {
  const { reports, tally } = makeTally(t);
  tally.add("count", 1, 1);
  await Promise.resolve();
  const reportedAt = performance.now();
  tally.add("count", 1, 1);
  await new Promise(setImmediate);
  tally.add("count", 1, 1);
  t.is(reports.items.length, 1);
  t.deepEqual(await reports.find("the sum", (_, index) => index === 1), ["count", 2, 2]);
  // A timer counts from when the event loop last looked at the clock.
  t.true(performance.now() - reportedAt > 900);
  tally.add("age", 1, 1);
  tally.flush();
  t.deepEqual(reports.items.at(-1), ["age", 1, 1]);
  tally.flush();
  t.is(reports.items.length, 3);
});
