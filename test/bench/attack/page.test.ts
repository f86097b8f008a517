import test from "ava";
import { groupsOf, pagePart } from "../../../bench/attack/page.js";
import type { Outcome } from "../../../bench/attack/verdict.js";

const MIB = 2 ** 20;

const outcome = (change: Partial<Outcome>, stall = 5): Outcome => ({
  attack: "heavy",
  name: "JSON: many keys",
  frames: 1,
  bytes: 32 * MIB,
  good: { time: 10.4, missing: [] },
  answers: [
    { name: "host-1", death: undefined, sample: { stall, peak: 200 * MIB, held: MIB }, asked: 3 },
    { name: "emitter", death: undefined, sample: { stall: 1, peak: MIB, held: 2 * MIB }, asked: 3 },
  ],
  problems: [],
  ...change,
});

test("costly frames of an encoding are one row, with the worst of all processes and the frame that stalls longest", (t) => {
  const groups = groupsOf([
    outcome({}, 800.2),
    outcome({ name: "JSON: escapes", good: { time: 12, missing: [] } }, 900),
    outcome({ name: "MessagePack: floats" }),
  ]);

  t.deepEqual(groups, [
    {
      ...{ name: "costly frames: JSON", attacks: 2, frames: 2, bytes: 64 * MIB, next: 12, stall: 900 },
      ...{ peak: 200 * MIB, held: 2 * MIB, deaths: 0, costliest: "escapes" },
    },
    {
      ...{ name: "costly frames: MessagePack", attacks: 1, frames: 1, bytes: 32 * MIB, next: 10, stall: 5 },
      ...{ peak: 200 * MIB, held: 2 * MIB, deaths: 0 },
    },
  ]);
});

test("a process that died, and a good message that did not arrive, are in the table", (t) => {
  const flood = { attack: "floods", name: "noise", frames: 1_000, bytes: MIB } as const;
  const dead = { name: "emitter", death: "it ended with 7", sample: undefined, asked: "dead" } as const;
  const missing = ["host-2 (its client is connected)"];
  const [group] = groupsOf([outcome({ ...flood, answers: [dead], good: { time: 60_000, missing } })]);
  const recorded = { bus: "redis", seed: 7, measured: "2026-11-30T08:00:00.000Z", machine: "a machine" } as const;
  const part = pagePart([{ attack: "floods", ...recorded, groups: group === undefined ? [] : [group] }]);

  t.regex(part, /^- `floods`: Redis, seed 7, 2026-11-30: a machine$/m);
  t.regex(part, /^\| flood: noise; \*\*processes that died: 1\*\* \| 1,000 \| 1 \| never \| 0 \| 0 \| 0 \|$/m);
});
