import { join } from "node:path";
import test from "ava";
import { runChaos } from "../../bench/chaos/run.js";
import type { Action, Schedule, Target } from "../../bench/chaos/schedule.js";
import { logTo } from "../../bench/shared/programs.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const ALL: Target = { to: "all" };

const emits = (at: number, sender: string, target: Target, count: number, bytes: number, busy = 0): Action => ({
  ...{ at, kind: "emits", sender, target, count, bytes, busy },
});

/** A few seconds of what a run of an hour does. */
const SCHEDULE: Schedule = {
  members: [
    { name: "node-1", kind: "node-host" },
    { name: "node-2", kind: "node-host" },
    { name: "python-threads", kind: "python-host" },
    { name: "node-emitter", kind: "node-emitter" },
    { name: "python-emitter", kind: "python-emitter" },
  ],
  actions: [
    emits(200, "node-2", ALL, 50, 100),
    emits(300, "python-emitter", { room: "even" }, 5, 20),
    emits(400, "python-threads", { clientOf: "node-1" }, 1, 300_000),
    emits(500, "node-emitter", ALL, 20, 1_000, 200),
    { at: 800, kind: "fault", fault: "cut", member: "node-2", time: 100 },
    { at: 1_000, kind: "fault", fault: "stop", member: "python-threads", time: 300 },
    { at: 1_100, kind: "restart", away: 10 },
    emits(1_150, "node-1", ALL, 30, 50),
    { at: 2_500, kind: "fault", fault: "kill", member: "node-2", time: 10 },
  ],
};

test("a run accounts for every message, and finds the one that a host has swallowed", async (t) => {
  logTo(join(temporaryDirectory(t), "chaos.log"));
  const ends: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    await Promise.all(ends.map((end) => end()));
  });
  const { pairs, failures } = await runChaos({
    ...{ bus: "redis", seed: 0, minutes: 0, rate: 0, heartbeatInterval: 1_000, schedule: SCHEDULE },
    swallow: { sender: "node-2", number: 20 },
    progress: { phase: () => {}, watch: () => {} },
    signal: new AbortController().signal,
    cleanUpAtEnd: (end) => ends.push(end),
  });
  t.deepEqual(
    failures.map(({ kind, sender, receiver, numbers }) => [kind, sender, receiver, numbers]),
    [["silent loss", "node-2", "node-1", [20]]],
    JSON.stringify(failures),
  );
  t.is(pairs.length, 15);
  const missed = pairs.filter(({ receiver, announced }) => receiver === "node-2" && announced["client disconnected"]);
  t.true(missed.length > 0, "nothing was emitted while node-2 was away");
});
