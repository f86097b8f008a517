import test from "ava";
import type { Evidence, ReceiverEvidence, SenderEvidence } from "../../../bench/chaos/evidence.js";
import { judge } from "../../../bench/chaos/judge.js";
import type { Arrivals, Window } from "../../../bench/fleet/client.js";
import { type Fate, NUMBERS_OF_A_LIFE } from "../../../bench/fleet/operations.js";

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

/** Number n is sent at n seconds, and arrives at once, or after what is before it, at position ten times n. */
function arrivals(numbers: readonly number[]): Arrivals {
  const positions: number[] = [];
  for (const number of numbers) {
    positions.push(Math.max((positions.at(-1) ?? 0) + 1, number * 10));
  }
  return { numbers: [...numbers], positions, times: positions.map((position) => position * 100) };
}

const LAST = 20;
const without = (...missing: readonly number[]) => upTo(LAST).filter((number) => !missing.includes(number));

interface Story {
  readonly bus?: Evidence["bus"];
  readonly kind?: SenderEvidence["plan"]["kind"];
  readonly received: readonly number[];
  readonly fates?: Readonly<Record<number, Fate>>;
  readonly sender?: Partial<SenderEvidence>;
  readonly receiver?: Partial<ReceiverEvidence>;
  readonly restarts?: Evidence["restarts"];
}

/** One sender and the client of another host. */
function evidence({ bus = "redis", kind = "node-host", received, fates = {}, sender, receiver, restarts = [] }: Story) {
  const sent: SenderEvidence = {
    plan: { name: "sender", kind },
    emitted: upTo(LAST).map((number) => ({
      id: number,
      first: number,
      count: 1,
      at: number * 1_000,
      receivers: ["other"],
    })),
    settled: upTo(LAST).map((number) => ({
      ...{ first: number, last: number, fate: fates[number] ?? "confirmed" },
      at: number * 1_000 + 1,
    })),
    ...{ statuses: [], deaths: [], closings: [], ...sender },
  };
  const got: ReceiverEvidence = {
    plan: { name: "other", kind: "node-host" },
    arrivals: new Map([["sender", arrivals(received)]]),
    ...{ windows: [], damaged: [], deaths: [], ...receiver },
  };
  return judge({ bus, restarts, senders: [sent], receivers: [got] });
}

/** After the arrival of the first number, and before what comes after the second. */
const window = (kind: Window["kind"], from: number, to: number): Window => ({
  kind,
  positions: [from * 10 + 5, to * 10 + 6],
  times: [from * 1_000 + 500, to * 1_000 + 600],
  why: "test",
});

const kinds = (judgement: ReturnType<typeof judge>) => judgement.failures.map(({ kind, numbers }) => [kind, numbers]);

test("what arrives once and in order is accounted for", (t) => {
  const { pairs, failures } = evidence({ received: upTo(LAST) });
  t.deepEqual(failures, []);
  t.like(pairs[0], { sender: "sender", receiver: "other", expected: 20, received: 20, doubled: 0, silent: 0 });
});

test("a message that is missing without a word is a silent loss", (t) => {
  t.deepEqual(kinds(evidence({ received: without(7, 8) })), [["silent loss", [7, 8]]]);
});

test("a message that was not for a client is not missed there", (t) => {
  const emitted = upTo(LAST).map((number) => ({
    ...{ id: number, first: number, count: 1, at: number * 1_000 },
    receivers: number === 7 ? [] : ["other"],
  }));
  t.deepEqual(evidence({ received: without(7), sender: { emitted } }).failures, []);
});

test("what its sender was told is announced", (t) => {
  const { pairs, failures } = evidence({ received: without(7), fates: { 7: "rejected" } });
  t.deepEqual(failures, []);
  t.deepEqual(pairs[0]?.announced, { rejected: 1 });
});

test("the sums of statuses must reach what io.emit() has dropped", (t) => {
  const told = (count: number, killedAt?: number) =>
    evidence({
      received: without(7, 8),
      fates: { 7: "dropped", 8: "dropped" },
      sender: {
        deaths: killedAt === undefined ? [] : [{ at: killedAt }],
        statuses: [
          { type: "reconnecting", at: 6_000, life: 0 },
          { type: "dropped", reason: "age", count, at: 8_500, life: 0 },
        ],
      },
    });
  t.deepEqual(told(2).failures, []);
  const tooFew = { kind: "unannounced drop", text: "sender: 2 given up, statuses announce 1" };
  t.like(told(1).failures[0], tooFew);
  // Killed before it had told the sum.
  t.deepEqual(told(1, 9_000).failures, []);
  t.like(told(1, 60_000).failures[0], tooFew);
});

test("the bounds of the outage buffer are for outages", (t) => {
  const dropped = { type: "dropped", reason: "count", count: 1, at: 7_500, life: 0 };
  const drop = (...before: readonly { type: string; at: number; life: number }[]) =>
    evidence({ received: without(7), fates: { 7: "dropped" }, sender: { statuses: [...before, dropped] } }).failures;
  t.deepEqual(drop({ type: "reconnecting", at: 7_000, life: 0 }), []);
  t.like(drop()[0], { kind: "needless drop", text: "1 given up while the broker was there", at: 7_500 });
  const isOver = [
    { type: "reconnecting", at: 1_000, life: 0 },
    { type: "ready", at: 2_000, life: 0 },
  ];
  t.is(drop(...isOver).length, 1);
});

test("a host that was disconnected on Redis has announced what is missing there and then, and nothing else", (t) => {
  const receiver = { windows: [window("reconnecting", 6, 8)] };
  const { pairs, failures } = evidence({ received: without(7, 8, 15), receiver });
  t.deepEqual(pairs[0]?.announced, { "host reconnecting": 2 });
  t.deepEqual(kinds({ pairs, failures }), [["silent loss", [15]]]);
});

test("what was sent after the end of a window cannot be lost in it", (t) => {
  const windows = [{ ...window("reconnecting", 6, 6), times: [6_500, 6_900] as const }];
  t.deepEqual(kinds(evidence({ received: without(7), receiver: { windows } })), [["silent loss", [7]]]);
});

test("Kafka loses nothing while a host is disconnected", (t) => {
  const receiver = { windows: [window("reconnecting", 6, 7)] };
  t.deepEqual(kinds(evidence({ bus: "kafka", received: without(7), receiver })), [["silent loss", [7]]]);
});

test("RabbitMQ loses nothing while a host is disconnected, except what it had not confirmed before its own restart", (t) => {
  const story = {
    bus: "rabbitmq",
    received: without(6, 7),
    receiver: { windows: [window("reconnecting", 5, 7)] },
  } as const;
  t.deepEqual(kinds(evidence(story)), [["silent loss", [6, 7]]]);
  t.deepEqual(kinds(evidence({ ...story, restarts: [{ from: 6_500, to: 7_500 }] })), [["silent loss", [6]]]);
});

test("what RabbitMQ kept in a host's queue may arrive between the end of its restart and the gap", (t) => {
  const restarts = [{ from: 6_500, to: 9_500 }];
  // Numbers 5 and 6 were in the queue, and arrive after the host is ready again; 7 and 8 were sent before it was bound.
  const [first = [], last = []] = [upTo(4), [9, 10, ...upTo(LAST).slice(10)]];
  const late: Arrivals = {
    numbers: [...first, 5, 6, ...last],
    positions: [...first.map((number) => number * 10), 97, 98, 99, ...last.slice(1).map((number) => number * 10)],
    times: [],
  };
  const receiver = { arrivals: new Map([["sender", late]]), windows: [window("reconnecting", 6, 9)] };
  t.deepEqual(kinds(evidence({ bus: "rabbitmq", received: [], receiver, restarts })), []);
  // A neighbour that was sent after the crash and arrives after the window is no backlog.
  const afterwards = [{ from: 4_500, to: 9_500 }];
  t.deepEqual(kinds(evidence({ bus: "rabbitmq", received: [], receiver, restarts: afterwards })), [
    ["silent loss", [7, 8]],
  ]);
});

test("a client misses what comes before it is connected again, but may lose the connection only with its host", (t) => {
  const windows = [window("disconnected", 6, 7)];
  t.deepEqual(evidence({ received: without(7), receiver: { windows, deaths: [{ at: 6_400 }] } }).failures, []);
  t.like(evidence({ received: without(7), receiver: { windows } }).failures, [
    { kind: "other", text: "its client was disconnected: test", receiver: "other" },
  ]);
});

test("a killed process takes with it what nobody has, and nothing that was published before that", (t) => {
  const sender = {
    settled: upTo(10).map(
      (number) => ({ first: number, last: number, fate: "confirmed", at: number * 1_000 }) as const,
    ),
    deaths: [{ at: 20_500 }],
  };
  t.deepEqual(evidence({ received: upTo(15), sender }).failures, []);
  t.deepEqual(kinds(evidence({ received: [...upTo(12), 14, 15], sender })), [["silent loss", [13]]]);
});

test("numbers of the next life bound the gap of a killed process", (t) => {
  const next = NUMBERS_OF_A_LIFE + 1;
  const emitted = [...upTo(LAST), next].map((number, index) => ({
    ...{ id: index, first: number, count: 1, at: (index + 1) * 1_000, receivers: ["other"] },
  }));
  const sender = { emitted, deaths: [{ at: 20_500 }] };
  // Its window begins when the messages of the next life have arrived.
  const receiver = {
    windows: [{ ...window("reconnecting", 20, 21), positions: [next * 10 + 1, next * 10 + 2] as const }],
  };
  t.deepEqual(kinds(evidence({ received: [...without(20), next], sender, receiver })), [["silent loss", [20]]]);
});

test("a message may arrive twice, or late, only where it was sent again", (t) => {
  const received = [...upTo(8), 8, ...upTo(LAST).slice(8)];
  t.deepEqual(kinds(evidence({ received })), [["doubled", [8]]]);
  const statuses = [
    { type: "reconnecting", at: 8_100, life: 0 },
    { type: "ready", at: 8_200, life: 0 },
  ];
  t.deepEqual(evidence({ received, sender: { statuses } }).failures, []);
  const late = [...upTo(6), 8, 7, ...upTo(LAST).slice(8)];
  t.deepEqual(kinds(evidence({ received: late })), [["out of order", [7]]]);
  t.deepEqual(kinds(evidence({ received: late, sender: { statuses } })), [["out of order", [7]]]);
  const windows = [window("reconnecting", 6, 7)];
  t.deepEqual(evidence({ received: late, sender: { statuses }, receiver: { windows } }).failures, []);
});

test("a Python manager says that it has tried again", (t) => {
  const received = [...upTo(8), 8, ...upTo(LAST).slice(8)];
  const kind = "python-emitter";
  t.deepEqual(kinds(evidence({ kind, received })), [["doubled", [8]]]);
  t.deepEqual(evidence({ kind, received, fates: { 8: "retried" } }).failures, []);
});

test("the own client gets everything, whatever the broker does", (t) => {
  const story = { received: without(7), fates: { 7: "dropped" } } as const;
  const receiver = { plan: { name: "sender", kind: "node-host" }, windows: [window("reconnecting", 6, 7)] } as const;
  const emitted = upTo(LAST).map((number) => ({
    ...{ id: number, first: number, count: 1, at: number * 1_000, receivers: ["sender"] },
  }));
  const statuses = [
    { type: "reconnecting", at: 6_000, life: 0 },
    { type: "dropped", reason: "age", count: 1, at: 7_500, life: 0 },
  ];
  t.deepEqual(kinds(evidence({ ...story, receiver, sender: { emitted, statuses } })), [["silent loss", [7]]]);
});

test("what is for the sid of a client is lost with that client, and not before", (t) => {
  const toSid = (sidLostAt: number) =>
    upTo(LAST).map((number) => ({
      ...{ id: number, first: number, count: 1, at: number * 1_000, receivers: ["other"] },
      ...(number === 7 ? { sidLostAt } : {}),
    }));
  const received = without(7);
  // Confirmed at 7,001.
  t.deepEqual(kinds(evidence({ received, sender: { emitted: toSid(7_002) } })), [["silent loss", [7]]]);
  const { failures, pairs } = evidence({ received, sender: { emitted: toSid(7_000) } });
  t.deepEqual(failures, []);
  t.deepEqual(pairs[0]?.announced, { "client disconnected": 1 });
});
