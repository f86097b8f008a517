import test, { type ExecutionContext } from "ava";
import type { BusStatus } from "../../../src/bus/bus.js";
import { HeartbeatMonitor } from "../../../src/bus/core/heartbeat-monitor.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { cleanUp } from "../../../src/testing/scope.js";

const INTERVAL_MS = 50;

/** A liveness whose beats go where the test says. */
function start(t: ExecutionContext, publish: (channel: string, beat: Buffer) => Promise<unknown>) {
  const statuses = new Inbox<BusStatus>();
  const deaf: string[] = [];
  const liveness = new HeartbeatMonitor({
    interval: INTERVAL_MS,
    publish: (channel, beat) => publish(channel, Buffer.from(beat)),
    onStatus: (status) => statuses.add(status),
    onDeaf: (channel) => deaf.push(channel),
  });
  cleanUp(t, () => liveness.close());
  return { liveness, statuses, deaf };
}

const isHealthy = ({ type }: BusStatus) => type === "healthy";
const isDeaf = ({ type }: BusStatus) => type === "deaf";

test("a beat that comes back is for nobody else, and tells the lag", async (t) => {
  const { liveness, statuses, deaf } = start(t, async (channel, beat) => {
    t.true(liveness.observe(channel, beat));
  });
  liveness.subscribed("c");
  const status = await statuses.find("health", isHealthy);
  t.like(status, { type: "healthy", channel: "c" });
  t.true(status.type === "healthy" && status.lag >= 0);
  await statuses.find("the next", (next) => isHealthy(next) && next !== status);
  t.deepEqual(deaf, []);
});

test("the beat of another bus is for nobody either, and anything else is", (t) => {
  const beats: Buffer[] = [];
  const other = start(t, async (_, beat) => beats.push(beat));
  other.liveness.subscribed("c");
  const { liveness, statuses } = start(t, async () => {});
  liveness.subscribed("c");
  t.true(liveness.observe("c", beats[0] as Buffer));
  t.deepEqual(statuses.items, []);
  for (const text of ["", "{}", '{"heartbeat":1}', '{"heartbeat":"x","method":"emit"}', '{"hello":"world"}']) {
    t.false(liveness.observe("c", Buffer.from(text)), text);
  }
});

test("silence after a beat is deafness, told once, and a new subscription starts anew", async (t) => {
  const { liveness, statuses, deaf } = start(t, async () => {});
  liveness.subscribed("c");
  const status = await statuses.find("deafness", isDeaf);
  t.true(status.type === "deaf" && status.silence >= INTERVAL_MS);
  await statuses.find("deaf as before", (next) => isDeaf(next) && next !== status);
  t.deepEqual(deaf, ["c"]);
  liveness.subscribed("c");
  const count = statuses.items.length;
  await statuses.find("deaf anew", (next) => statuses.items.indexOf(next) > count);
  t.deepEqual(deaf, ["c", "c"]);
});

test("whoever hears others is not deaf, though its own beat is late: that is lag", async (t) => {
  const { liveness, statuses, deaf } = start(t, async () => {});
  liveness.subscribed("c");
  const chatter = setInterval(() => liveness.observe("c", Buffer.from("{}")), INTERVAL_MS / 5);
  cleanUp(t, () => clearInterval(chatter));
  await statuses.find("a lag of three beats", (status) => status.type === "healthy" && status.lag > 3 * INTERVAL_MS);
  t.deepEqual(deaf, []);
});

test("a beat that could not be sent proves nothing", async (t) => {
  let attempts = 0;
  const sent = new Inbox<number>();
  const { liveness, statuses } = start(t, () => {
    attempts += 1;
    sent.add(attempts);
    return Promise.reject(new Error("no right to write here"));
  });
  liveness.subscribed("c");
  await sent.find("four beats", (attempt) => attempt === 4);
  t.deepEqual(statuses.items, []);
});

test("a process that stood still does not take its own silence for the broker's", async (t) => {
  const returning = new Inbox<Buffer>();
  const { liveness, statuses, deaf } = start(t, async (_, beat) => returning.add(beat));
  liveness.subscribed("c");
  const until = performance.now() + 3 * INTERVAL_MS;
  while (performance.now() < until) {
    // Nothing else runs meanwhile.
  }
  // Read only after the timer that is overdue has run.
  setTimeout(() => liveness.observe("c", returning.items[0] as Buffer), 1);
  await statuses.find("health", isHealthy);
  t.deepEqual(deaf, []);
});

test("a subscription that is known to be lost is deaf until it is back, and is not lost again", async (t) => {
  const { liveness, statuses, deaf } = start(t, async (channel, beat) => liveness.observe(channel, beat));
  liveness.subscribed("c");
  liveness.lost("c");
  await statuses.find("deafness", isDeaf);
  t.deepEqual(deaf, []);
});
