import test from "ava";
import { type EdgeEvidence, edgeFiguresOf, type SentEvent } from "../../../../bench/faults/edge/figures.js";
import type { Line } from "../../../../src/testing/program.js";

const [WORKER, OTHER] = [1, 2];

/** Sent a second after the one before, and acknowledged 20 ms later. */
const sent = (number: number, parts: Partial<SentEvent> = {}): SentEvent => {
  const at = number * 1_000;
  return {
    ...{ client: 0, number, sentAt: at, settledAt: at + 20, outcome: "answered", emits: 1, emittedAt: at + 10 },
    ...parts,
  };
};

const began = (number: number, pid = WORKER, client = 0): Line => ({ event: "began", pid, client, number });
const ended = (number: number, pid = WORKER, client = 0): Line => ({ event: "ended", pid, client, number });
const handled = (number: number, pid = WORKER): readonly Line[] => [began(number, pid), ended(number, pid)];

const figures = (parts: Partial<EdgeEvidence>) =>
  edgeFiguresOf({
    fault: "edge-reload",
    span: { from: 1_500, to: 2_500 },
    sent: [0, 1, 2, 3].map((number) => sent(number)),
    disconnects: [],
    record: [0, 1, 2, 3].flatMap((number) => handled(number)),
    ...parts,
  });

test("events that were handled once, in order, and acknowledged, are as required", (t) => {
  t.like(figures({}), { sent: 4, answered: 4, failed: {}, failedElsewhere: 0, lost: 0, twice: 0, outOfOrder: 0 });
  t.like(figures({}), { overtaken: 0, emitsLost: 0, disconnected: 0, unsettled: 0, longestAway: 0, lasted: 1_000 });
});

test("an event that no handler has had is lost, unless its client was told", (t) => {
  const record = [0, 2, 3].flatMap((number) => handled(number));
  t.like(figures({ record }), { lost: 1 });
  const told = [sent(0), sent(1, { outcome: "no_worker", emits: 0 }), sent(2), sent(3)];
  t.like(figures({ record, sent: told }), { lost: 0, failed: { no_worker: 1 }, failedElsewhere: 1 });
  const silent = [sent(0), sent(1, { outcome: "unsettled", settledAt: null, emits: 0 }), sent(2), sent(3)];
  t.like(figures({ record, sent: silent }), { lost: 1, unsettled: 1 });
});

test("a handler that ran twice, and an emit that arrived twice, is counted", (t) => {
  t.like(figures({ record: [0, 1, 2, 3, 3].flatMap((number) => handled(number)) }), { twice: 1 });
  t.like(figures({ sent: [sent(0, { emits: 2 }), sent(1), sent(2), sent(3)] }), { twice: 1 });
});

test("an event is out of order after a later one, and before the previous one has ended", (t) => {
  t.is(figures({ record: [0, 2, 1, 3].flatMap((number) => handled(number)) }).outOfOrder, 1);
  const overlapping = [...handled(0), began(1), began(2, OTHER), ended(1), ended(2, OTHER), ...handled(3)];
  t.is(figures({ record: overlapping }).outOfOrder, 1);
});

test("clients do not wait for each other", (t) => {
  const record = [
    ...handled(0),
    began(1),
    began(0, OTHER, 7),
    ended(1),
    ended(0, OTHER, 7),
    ...handled(2),
    ...handled(3),
  ];
  t.is(figures({ record }).outOfOrder, 0);
});

test("only what a killed worker had may fail, and what it had not begun yet", (t) => {
  const failing = (number: number) => sent(number, { outcome: "no_answer" });
  const killed = { fault: "edge-worker-killed", killedWorker: WORKER } as const;
  const record = [...handled(0), began(1), ...handled(2, OTHER), ...handled(3, OTHER)];
  t.like(figures({ ...killed, record, sent: [sent(0), failing(1), sent(2), sent(3)] }), {
    ...{ failed: { no_answer: 1 }, failedElsewhere: 0, lost: 0, outOfOrder: 0 },
  });
  const unbegun = [...handled(0), ...handled(2, OTHER), ...handled(3, OTHER)];
  t.is(figures({ ...killed, record: unbegun, sent: [sent(0), failing(1), sent(2), sent(3)] }).failedElsewhere, 0);
  t.is(figures({ ...killed, record, sent: [sent(0), sent(1), failing(2), failing(3)] }).failedElsewhere, 2);
});

test("clients of a killed edge lose what they sent until they noticed; others stay, and lose nothing", (t) => {
  const isOfKilledEdge = (client: number) => client === 0;
  const lost = [sent(0), sent(1), sent(2, { outcome: "disconnected" }), sent(3)];
  const disconnects = [{ client: 0, at: 2_100, backAt: 2_600 }];
  const killed = { fault: "edge-killed", isOfKilledEdge } as const;
  t.like(figures({ ...killed, sent: lost, disconnects }), {
    ...{ failedElsewhere: 0, disconnected: 1, disconnectedElsewhere: 0, longestAway: 500 },
  });
  t.is(figures({ ...killed, sent: [...lost, sent(4, { outcome: "disconnected" })], disconnects }).failedElsewhere, 1);
  const others = [{ client: 1, at: 2_100, backAt: null }];
  t.like(figures({ ...killed, disconnects: others }), { disconnectedElsewhere: 1, longestAway: undefined });
});

test("disconnect handlers are counted for the first connection of each client of the killed edge", (t) => {
  const connect = (client: number, sid: string): Line => ({ event: "connect", client, sid });
  const disconnect = (sid: string): Line => ({ event: "disconnect", sid });
  const connected = [connect(0, "a"), connect(2, "b"), connect(1, "c")];
  const isOfKilledEdge = (client: number) => client % 2 === 0;
  const handlers = (...record: readonly Line[]) =>
    figures({ fault: "edge-killed", isOfKilledEdge, record: [...connected, ...record] }).disconnectHandlers;
  t.deepEqual(handlers(connect(0, "d"), disconnect("d"), disconnect("c")), { expected: 2, run: 0, twice: 0 });
  t.deepEqual(handlers(disconnect("a"), disconnect("b"), disconnect("b")), { expected: 2, run: 2, twice: 1 });
  t.is(figures({}).disconnectHandlers, undefined);
});

test("waits are those for acknowledgements: before the fault, and in all", (t) => {
  const slow = [sent(0), sent(1, { settledAt: 1_100 }), sent(2, { settledAt: 4_500 }), sent(3)];
  t.like(figures({ sent: slow }), { steadyWait: 100, longestWait: 2_500 });
});

test("an acknowledgement must not overtake what the handler emitted", (t) => {
  t.like(figures({ sent: [sent(0), sent(1, { emittedAt: 1_030 }), sent(2), sent(3)] }), { overtaken: 1, emitsLost: 0 });
  const without = sent(1, { emits: 0, emittedAt: null });
  t.like(figures({ sent: [sent(0), without, sent(2), sent(3)] }), { overtaken: 0, emitsLost: 1 });
});
