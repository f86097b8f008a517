import test from "ava";
import { scheduleOf } from "../../../bench/chaos/schedule.js";

const OPTIONS = { bus: "redis", seed: 7, length: 600_000, rate: 10 } as const;
const SHORT = { ...OPTIONS, length: 60_000 };

test("a seed always gives the same schedule, and another one another", (t) => {
  t.deepEqual(scheduleOf(SHORT), scheduleOf(SHORT));
  t.notDeepEqual(scheduleOf(SHORT).actions, scheduleOf({ ...SHORT, seed: 8 }).actions);
});

test("a schedule has everything that may happen to a fleet, in order, with quiet ends", (t) => {
  const { members, actions } = scheduleOf(OPTIONS);
  const times = actions.map(({ at }) => at);
  t.deepEqual(
    times,
    times.toSorted((one, other) => one - other),
  );
  t.true((times[0] ?? 0) >= 4_000 && (times.at(-1) ?? 0) <= OPTIONS.length - 4_000);
  const faults = new Set(actions.flatMap((action) => (action.kind === "fault" ? [action.fault] : [])));
  t.deepEqual([...faults].sort(), ["block", "cut", "kill", "stop", "throttle"]);
  t.true(actions.some(({ kind }) => kind === "restart"));
  const emits = actions.filter((action) => action.kind === "emits");
  t.deepEqual([...new Set(emits.map(({ sender }) => sender))].sort(), members.map(({ name }) => name).sort());
  const targets = new Set(emits.flatMap(({ target }) => Object.keys(target)));
  t.deepEqual([...targets].sort(), ["clientOf", "room", "to"]);
  const sizes = emits.filter(({ count }) => count === 1).map(({ bytes }) => bytes);
  t.true(Math.min(...sizes) < 20 && Math.max(...sizes) > 2 * 2 ** 20, `${Math.min(...sizes)} to ${Math.max(...sizes)}`);
  t.true(emits.some(({ count, busy }) => count > 1_000 && busy > 0));
});

test("no process has two faults at a time", (t) => {
  const until = new Map<string, number>();
  const overlapping: string[] = [];
  for (const action of scheduleOf({ ...OPTIONS, length: 3_600_000 }).actions) {
    if (action.kind === "fault") {
      if (action.at <= (until.get(action.member) ?? 0)) {
        overlapping.push(`${action.member} at ${action.at}`);
      }
      until.set(action.member, action.at + action.time);
    }
  }
  t.true(until.size > 5);
  t.deepEqual(overlapping, []);
});

for (const [bus, hosts] of [
  ["redis", ["python-asyncio", "python-threads"]],
  ["kafka", ["python-threads"]],
] as const) {
  test(`${bus}: ${hosts.join(" and ")}, and two to four Node hosts by the seed`, (t) => {
    const counts = new Set<number>();
    for (let seed = 0; seed < 30; seed += 1) {
      const { members } = scheduleOf({ ...OPTIONS, bus, seed, length: 10_000 });
      counts.add(members.filter(({ kind }) => kind === "node-host").length);
      const python = members.filter(({ kind }) => kind.startsWith("python") && kind.endsWith("-host"));
      t.deepEqual(python.map(({ name }) => name).sort(), [...hosts]);
    }
    t.deepEqual([...counts].sort(), [2, 3, 4]);
  });
}
