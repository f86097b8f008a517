import test from "ava";
import { type Arrival, longestSilence, ranges, tally } from "../../../bench/faults/tally.js";

/** Numbers of one sender, a millisecond apart, sent a millisecond before. */
function arrivals(numbers: readonly number[], sender = "a"): readonly Arrival[] {
  return numbers.map((number, at) => ({ sender, number, sentAt: at - 1, at }));
}

const at = (...times: readonly number[]): readonly Arrival[] =>
  times.map((time, index) => ({ sender: "a", number: index + 1, sentAt: time, at: time }));

test("messages that arrived once and in order are neither lost nor duplicates", (t) => {
  const { missing, doubles, ...counts } = tally(arrivals([1, 2, 3]), "a", [1, 2, 3]);
  t.deepEqual(counts, { received: 3, highest: 3, outOfOrder: 0 });
  t.deepEqual([missing, doubles], [[], []]);
});

test("expected messages that never arrived are lost", (t) => {
  t.deepEqual(tally(arrivals([1, 4]), "a", [1, 2, 4, 5]).missing, [2, 5]);
});

test("an unexpected number that arrived is received", (t) => {
  t.is(tally(arrivals([1, 2]), "a", [1]).received, 2);
});

test("each arrival after the first is a duplicate, and not out of order", (t) => {
  const { doubles, outOfOrder, received } = tally(arrivals([1, 2, 3, 2, 3, 4, 2]), "a", [1, 2, 3, 4]);
  t.deepEqual(
    doubles.map(({ number, at }) => [number, at]),
    [
      [2, 3],
      [3, 4],
      [2, 6],
    ],
  );
  t.is(outOfOrder, 0);
  t.is(received, 4);
});

test("first arrivals after a higher number are out of order", (t) => {
  t.is(tally(arrivals([1, 4, 2, 3, 5]), "a", []).outOfOrder, 2);
});

test("senders are counted separately", (t) => {
  const both = [...arrivals([5, 6], "a"), ...arrivals([1, 2], "b")];
  t.is(tally(both, "b", [1, 2, 3]).outOfOrder, 0);
  t.deepEqual(tally(both, "b", [1, 2, 3]).missing, [3]);
});

test("the longest silence is the longest gap that overlaps the span", (t) => {
  const times = at(0, 50, 60, 80, 90, 190);
  t.deepEqual(longestSilence(times, { from: 65, to: 85 }), { from: 60, to: 80 });
  t.deepEqual(longestSilence(times, { from: 65, to: 95 }), { from: 90, to: 190 });
  t.is(longestSilence(times, { from: 200, to: 300 }), undefined);
});

test("consecutive numbers are shown as a range", (t) => {
  t.is(ranges([1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
  t.is(ranges([]), "");
});
