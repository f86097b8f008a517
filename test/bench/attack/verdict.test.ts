import { cpus } from "node:os";
import test from "ava";
import type { TargetAnswer } from "../../../bench/attack/target.js";
import { problemsOf, type Seen } from "../../../bench/attack/verdict.js";

const MIB = 2 ** 20;

const answer = (sample: Partial<NonNullable<TargetAnswer["sample"]>> = {}, name = "host-1"): TargetAnswer => ({
  name,
  death: undefined,
  sample: { stall: 5, peak: MIB, held: MIB, ...sample },
  asked: 3,
});

const seen = (change: Partial<Seen>): Seen => ({
  attack: "heavy",
  name: "JSON: many keys",
  frames: 1,
  bytes: 32 * MIB,
  good: { time: 10, missing: [] },
  answers: [answer()],
  ...change,
});

test("nothing is wrong where everybody is alive, heard the next message, and was neither stopped nor filled for long", (t) => {
  t.deepEqual(problemsOf(seen({})), []);
});

test("a process that is dead, and a good message that does not arrive, are named", (t) => {
  const dead: TargetAnswer = { name: "emitter", death: "it ended with 7", sample: undefined, asked: "dead" };
  const good = { time: 60_000, missing: ["host-2 (its client is connected)"] };
  for (const attack of ["floods", "heavy", "clients", "brokers"] as const) {
    t.deepEqual(problemsOf(seen({ attack, good, answers: [answer(), dead] })), [
      "the next good message does not arrive at host-2 (its client is connected)",
      "emitter is dead: it ended with 7",
    ]);
  }
});

test("one message may stop a process for 300 ms, and 75 ms a MiB for each that shares its core", (t) => {
  const most = 300 + 75 * 32;
  t.deepEqual(problemsOf(seen({ answers: [answer({ stall: most })] })), []);
  t.deepEqual(problemsOf(seen({ answers: [answer({ stall: most + 1 })] })), [`host-1 stalls for ${most + 1} ms`]);
  const crowd = Array.from({ length: 2 * cpus().length }, () => answer({ stall: 300 + 2 * 75 * 32 }));
  t.deepEqual(problemsOf(seen({ answers: crowd })), []);
  t.is(problemsOf(seen({ answers: crowd.slice(0, cpus().length) })).length, cpus().length);
});

test("what Socket.IO itself takes for a client's message is not held against its host, and against no other", (t) => {
  const [stall, peak] = [300 + 75 * 32 + 500, 600 * MIB];
  const clients = { attack: "clients", baseline: { stall: 500, peak: 100 * MIB } } as const;
  t.deepEqual(problemsOf(seen({ ...clients, answers: [answer({ stall, peak })] })), []);
  t.deepEqual(problemsOf(seen({ ...clients, answers: [answer(), answer({ stall, peak }, "host-2")] })), [
    `host-2 stalls for ${stall} ms`,
    "host-2 takes 600 MiB",
  ]);
});

test("memory is bounded for one message at its peak, and for every attack afterwards", (t) => {
  const most = 48 * MIB + 16 * 32 * MIB;
  t.deepEqual(problemsOf(seen({ answers: [answer({ peak: most })] })), []);
  t.deepEqual(problemsOf(seen({ answers: [answer({ peak: most + MIB })] })), ["host-1 takes 561 MiB"]);
  const flood = { attack: "floods", bytes: 3_000 * MIB } as const;
  t.deepEqual(problemsOf(seen({ ...flood, answers: [answer({ peak: 900 * MIB, stall: 4_000 })] })), []);
  t.deepEqual(problemsOf(seen({ ...flood, answers: [answer({ held: 65 * MIB })] })), ["host-1 keeps 65 MiB"]);
});
