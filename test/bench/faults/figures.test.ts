import test from "ava";
import { type Evidence, figuresOf, type Sent } from "../../../bench/faults/figures.js";
import type { Arrival } from "../../../bench/faults/tally.js";
import { upTo } from "../../../bench/faults/tally.js";

const FAULT = { from: 10_000, to: 15_000 };

/** Number n is sent at n seconds and arrives at once, or when it is said. */
function arrival(number: number, at = number * 1_000, sender = "node 1"): Arrival {
  return { sender, number, sentAt: number * 1_000, at };
}

const sent = (count: number, sender = "node 1"): Sent => ({
  sender,
  count,
  accepted: upTo(count),
  mustAllArrive: true,
});

const evidence = (parts: Partial<Evidence>): Evidence => ({
  direction: "node → other node",
  sent: [sent(20)],
  senders: ["node 1"],
  arrivals: upTo(20).map((number) => arrival(number)),
  witness: [],
  isSettled: true,
  ...parts,
});

test("messages that waited during a fault arrive after it: nothing is lost", (t) => {
  const arrivals = upTo(20).map((number) => arrival(number, number > 9 && number < 16 ? 15_500 : number * 1_000));
  const figures = figuresOf("redis", "cut", FAULT, evidence({ arrivals }));
  t.like(figures, { sent: 20, accepted: 20, received: 20, lost: 0, doubled: 0, outOfOrder: 0 });
  t.like(figures, { flowsAfter: 500, longestGap: 6_500, notListening: 0 });
});

test("duplicates at the fault are distinguished from duplicates in steady state", (t) => {
  const all = upTo(20).map((number) => arrival(number));
  const doubled = (number: number) =>
    figuresOf("redis", "cut", FAULT, evidence({ arrivals: [...all, arrival(number, 21_000)] }));
  t.like(doubled(3), { doubled: 1, doubledInSteadyState: 1 });
  t.like(doubled(10), { doubled: 1, doubledInSteadyState: 0 });
  t.like(doubled(18), { doubled: 1, doubledInSteadyState: 1 });
});

test("messages that the Python host missed while it was not subscribed have a column of their own", (t) => {
  const numbers = upTo(20).filter((number) => number < 10 || number > 17);
  const parts = {
    direction: "node → python",
    arrivals: numbers.map((number) => arrival(number)),
    witness: upTo(20).map((number) => arrival(number, Math.max(number * 1_000, 15_100))),
  } as const;
  t.like(figuresOf("redis", "restart", FAULT, evidence(parts)), { lost: 0, notListening: 8 });
  t.like(figuresOf("redis", "cut", FAULT, evidence(parts)), { lost: 8, notListening: 0 });
});

test("messages that the other host did not receive either are lost", (t) => {
  const heard = upTo(20).filter((number) => number !== 12);
  const parts = { direction: "node → python", arrivals: heard.map((number) => arrival(number)), witness: [] } as const;
  t.like(figuresOf("redis", "restart", FAULT, evidence(parts)), { lost: 1, notListening: 0 });
});

test("of a killed process only confirmed messages must arrive, and its successor's are new traffic", (t) => {
  const killed: Sent = { ...sent(9), mustAllArrive: false };
  const arrivals = [...upTo(10).map((number) => arrival(number, number * 1_600)), arrival(1, 17_000, "node 2")];
  const parts = { sent: [killed, sent(1, "node 2")], senders: ["node 2"], arrivals };
  const figures = figuresOf("redis", "killed", FAULT, evidence(parts));
  t.like(figures, { sent: 11, accepted: 10, received: 11, lost: 0, flowsAfter: 2_000 });
});

test("a direction that stays silent never recovers", (t) => {
  const arrivals = upTo(9).map((number) => arrival(number));
  const figures = figuresOf("redis", "cut", FAULT, evidence({ arrivals, isSettled: false }));
  t.is(figures.flowsAfter, undefined);
  t.is(figures.lost, 11);
});
