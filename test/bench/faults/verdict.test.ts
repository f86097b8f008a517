import test from "ava";
import type { Figures } from "../../../bench/faults/figures.js";
import { failures, worst } from "../../../bench/faults/verdict.js";

const HEARTBEAT = 5_000;

const figures = (parts: Partial<Figures>): Figures => ({
  bus: "redis",
  fault: "cut",
  direction: "node → python",
  lasted: 11_400,
  sent: 100,
  accepted: 100,
  received: 100,
  lost: 0,
  notListening: 0,
  doubled: 0,
  doubledInSteadyState: 0,
  outOfOrder: 0,
  flowsAfter: 100,
  externalDelay: 0,
  longestGap: 5_100,
  lossAllowed: 0,
  isSettled: true,
  missing: {},
  ...parts,
});

const verdict = (parts: Partial<Figures>) => failures(figures(parts), HEARTBEAT);

test("nothing that Node sends may be lost, arrive out of order, or twice in steady state", (t) => {
  t.deepEqual(verdict({}), []);
  t.deepEqual(verdict({ doubled: 3, notListening: 2 }), []);
  t.deepEqual(verdict({ lost: 1, outOfOrder: 2, doubledInSteadyState: 3 }), [
    "1 lost",
    "2 out of order",
    "3 doubled in steady state",
  ]);
});

test("what Python sends may be lost where the broker keeps nothing", (t) => {
  const python = { direction: "python → node", lost: 7 } as const;
  t.deepEqual(verdict({ ...python, bus: "redis" }), []);
  t.deepEqual(verdict({ ...python, bus: "rabbitmq" }), ["7 lost"]);
  t.deepEqual(verdict({ ...python, bus: "rabbitmq", fault: "killed" }), []);
});

test("over a restart RabbitMQ may lose what it accepted before the host was subscribed again", (t) => {
  const restart = { bus: "rabbitmq", fault: "restart", direction: "python → node", lossAllowed: 5 } as const;
  t.deepEqual(verdict({ ...restart, lost: 5 }), []);
  t.deepEqual(verdict({ ...restart, lost: 6 }), ["6 lost, at most 5 allowed"]);
});

test("traffic flows within two seconds, after dropped packets within two heartbeats", (t) => {
  t.deepEqual(verdict({ flowsAfter: 2_001 }), ["more than 2 s until traffic flowed"]);
  t.deepEqual(verdict({ flowsAfter: 9_999, fault: "black-hole" }), []);
  t.deepEqual(verdict({ flowsAfter: 10_001, fault: "black-hole" }), ["more than 10 s until traffic flowed"]);
  t.deepEqual(verdict({ flowsAfter: undefined, isSettled: false }), [
    "no traffic any more",
    "the last message did not arrive in time",
  ]);
});

test("the time that Python takes to reconnect, or Node to start, does not count against the bus", (t) => {
  t.deepEqual(verdict({ flowsAfter: 7_000, fault: "restart" }), []);
  t.deepEqual(verdict({ flowsAfter: 7_000, fault: "restart", direction: "python → node", externalDelay: 6_000 }), []);
  t.is(verdict({ flowsAfter: 7_000, fault: "restart", direction: "node → other node" }).length, 1);
});

test("the worst of several runs is shown: one that failed, else the one that lost most, else the slowest", (t) => {
  const slow = figures({ flowsAfter: 900 });
  const quick = figures({ flowsAfter: 1 });
  const lossy = figures({ flowsAfter: 1, notListening: 1 });
  const failed = figures({ flowsAfter: 1, isSettled: false });
  t.is(worst([quick, slow], HEARTBEAT), slow);
  t.is(worst([slow, lossy, quick], HEARTBEAT), lossy);
  t.is(worst([failed, lossy], HEARTBEAT), failed);
});
