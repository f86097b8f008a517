import { stat } from "node:fs/promises";
import test, { type ExecutionContext } from "ava";
import type { BusStatus } from "../../../src/bus/bus.js";
import { HeartbeatMonitor } from "../../../src/bus/core/heartbeat-monitor.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { cleanUp } from "../../../src/testing/scope.js";

const INTERVAL_MS = 50;

/** A monitor whose heartbeats go where the test says. */
function start(t: ExecutionContext, publish: (channel: string, heartbeat: Buffer) => Promise<unknown>) {
  const statuses = new Inbox<BusStatus>();
  const stale: string[] = [];
  const heartbeats = new HeartbeatMonitor({
    interval: INTERVAL_MS,
    publish: (channel, heartbeat) => publish(channel, Buffer.from(heartbeat)),
    onStatus: (status) => statuses.add(status),
    onStale: (channel) => stale.push(channel),
  });
  cleanUp(t, () => heartbeats.close());
  return { heartbeats, statuses, stale };
}

const isHealthy = ({ type }: BusStatus) => type === "healthy";
const isStale = ({ type }: BusStatus) => type === "stale";

test("a heartbeat that returns is not passed on, and reports the lag", async (t) => {
  const { heartbeats, statuses, stale } = start(t, async (channel, heartbeat) => {
    t.true(heartbeats.observe(channel, heartbeat));
  });
  heartbeats.subscribed("c");
  const status = await statuses.find("health", isHealthy);
  t.like(status, { type: "healthy", channel: "c" });
  t.true(status.type === "healthy" && status.lag >= 0);
  await statuses.find("the next", (next) => isHealthy(next) && next !== status);
  t.deepEqual(stale, []);
});

test("a heartbeat of another bus is not passed on either, and anything else is", (t) => {
  const sent: Buffer[] = [];
  const other = start(t, async (_, heartbeat) => sent.push(heartbeat));
  other.heartbeats.subscribed("c");
  const { heartbeats, statuses } = start(t, async () => {});
  // Between the subscription and the broker's reply to it.
  t.true(heartbeats.observe("c", sent[0] as Buffer));
  heartbeats.subscribed("c");
  t.true(heartbeats.observe("c", sent[0] as Buffer));
  t.deepEqual(statuses.items, []);
  for (const text of ["", "{}", '{"heartbeat":1}', '{"heartbeat":"x","method":"emit"}', '{"hello":"world"}']) {
    t.false(heartbeats.observe("c", Buffer.from(text)), text);
  }
});

test("a heartbeat of another bus that comes before the subscription is known is not passed on", (t) => {
  const sent: Buffer[] = [];
  start(t, async (_, heartbeat) => sent.push(heartbeat)).heartbeats.subscribed("c");
  const { heartbeats } = start(t, async () => {});
  t.true(heartbeats.observe("c", sent[0] as Buffer));
  t.false(heartbeats.observe("c", Buffer.from("{}")));
});

test("silence after a heartbeat is stale, acted on once, and a new subscription starts again", async (t) => {
  const { heartbeats, statuses, stale } = start(t, async () => {});
  heartbeats.subscribed("c");
  const status = await statuses.find("a stale status", isStale);
  t.true(status.type === "stale" && status.silence >= INTERVAL_MS);
  await statuses.find("stale as before", (next) => isStale(next) && next !== status);
  t.deepEqual(stale, ["c"]);
  heartbeats.subscribed("c");
  const count = statuses.items.length;
  await statuses.find("stale again", (next) => statuses.items.indexOf(next) > count);
  t.deepEqual(stale, ["c", "c"]);
});

test.serial("a subscription made just before the next look has a whole interval for its heartbeat", async (t) => {
  let looks = 0;
  const { heartbeats, statuses, stale } = start(t, async (channel, heartbeat) => {
    if (channel === "late") {
      setTimeout(() => heartbeats.observe(channel, heartbeat), 0.4 * INTERVAL_MS);
      return;
    }
    heartbeats.observe(channel, heartbeat);
    looks += 1;
    if (looks === 2) {
      setTimeout(() => heartbeats.subscribed("late"), 0.85 * INTERVAL_MS);
    }
  });
  heartbeats.subscribed("early");
  await statuses.find("health", (status) => status.type === "healthy" && status.channel === "late");
  t.deepEqual(stale, []);
  t.false(statuses.items.some(isStale));
});

test("a channel that receives others' messages is not stale while its own heartbeat is late: that is lag", async (t) => {
  const { heartbeats, statuses, stale } = start(t, async () => {});
  heartbeats.subscribed("c");
  const chatter = setInterval(() => heartbeats.observe("c", Buffer.from("{}")), INTERVAL_MS / 5);
  cleanUp(t, () => clearInterval(chatter));
  await statuses.find(
    "a lag of three heartbeats",
    (status) => status.type === "healthy" && status.lag > 3 * INTERVAL_MS,
  );
  t.deepEqual(stale, []);
});

test("a heartbeat that could not be sent proves nothing", async (t) => {
  let attempts = 0;
  const sent = new Inbox<number>();
  const { heartbeats, statuses } = start(t, () => {
    attempts += 1;
    sent.add(attempts);
    return Promise.reject(new Error("no right to write here"));
  });
  heartbeats.subscribed("c");
  await sent.find("four heartbeats", (attempt) => attempt === 4);
  t.deepEqual(statuses.items, []);
});

test("a process that was blocked does not take its own silence for the broker's", async (t) => {
  const returning = new Inbox<Buffer>();
  const { heartbeats, statuses, stale } = start(t, async (_, heartbeat) => returning.add(heartbeat));
  heartbeats.subscribed("c");
  const until = performance.now() + 3 * INTERVAL_MS;
  while (performance.now() < until) {
    // Nothing else runs meanwhile.
  }
  // Read only after the timer that is overdue has run.
  setTimeout(() => heartbeats.observe("c", returning.items[0] as Buffer), 1);
  await statuses.find("health", isHealthy);
  t.deepEqual(stale, []);
});

for (const blocked of [1, 1.05, 1.2, 1.5]) {
  test.serial(
    `what arrived while the process was blocked for ${blocked} intervals is read before it counts as silence`,
    async (t) => {
      const { heartbeats, statuses, stale } = start(t, async (channel, heartbeat) => {
        // As from a socket: not before timers that are due.
        await stat(import.meta.dirname);
        heartbeats.observe(channel, heartbeat);
      });
      // Timers come next.
      await new Promise(setImmediate);
      heartbeats.subscribed("c");
      const until = performance.now() + blocked * INTERVAL_MS;
      while (performance.now() < until) {
        // Nothing else runs meanwhile.
      }
      await statuses.find("health", isHealthy);
      t.deepEqual(stale, []);
    },
  );
}

test("a subscription that is known to be lost is stale until it is back, and is not replaced again", async (t) => {
  const { heartbeats, statuses, stale } = start(t, async (channel, heartbeat) =>
    heartbeats.observe(channel, heartbeat),
  );
  heartbeats.subscribed("c");
  heartbeats.subscriptionLost("c");
  await statuses.find("a stale status", isStale);
  t.deepEqual(stale, []);
});

test("an echo resolves when it has returned, and changes nothing else", async (t) => {
  const sent: Buffer[] = [];
  const { heartbeats, statuses } = start(t, async (_, heartbeat) => sent.push(heartbeat));
  heartbeats.subscribed("c");
  const [first, second] = [heartbeats.echo("c"), heartbeats.echo("c")];
  const [heartbeat, ...echoes] = sent as [Buffer, Buffer, Buffer];
  t.is(echoes.length, 2);
  t.true(heartbeats.observe("c", echoes[1] as Buffer));
  await second;
  t.deepEqual(statuses.items, []);
  t.true(heartbeats.observe("c", heartbeat));
  t.is(statuses.items.length, 1);
  t.true(heartbeats.observe("c", echoes[0] as Buffer));
  await first;
});

test("an echo that cannot return is not awaited", async (t) => {
  const { heartbeats } = start(t, async () => {});
  await heartbeats.echo("c");
  for (const end of [
    () => heartbeats.subscriptionLost("c"),
    () => heartbeats.subscribed("c"),
    () => heartbeats.close(),
  ] as const) {
    heartbeats.subscribed("c");
    const echo = heartbeats.echo("c");
    end();
    await echo;
  }
  const refused = start(t, () => Promise.reject(new Error("no right to publish"))).heartbeats;
  refused.subscribed("c");
  await refused.echo("c");
  t.pass();
});
