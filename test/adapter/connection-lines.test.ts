import test, { type ExecutionContext } from "ava";
import { Server } from "socket.io";
import { BridgeError, createAdapter } from "../../src/index.js";
import { cleanUp } from "../../src/testing/scope.js";
import { captureBus } from "./captured-bus.js";

const LINE = "[socketio-python-bridge] ";

function startHost(t: ExecutionContext) {
  const { bus, report } = captureBus();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line.replace(LINE, ""));
  const adapter = createAdapter(bus, { channel: "c", logger: { info: log, warn: log } });
  const io = new Server(0, { adapter });
  cleanUp(t, () => io.close());
  return { adapter, report, lines };
}

test("a connection that comes and goes is told once a minute, and so is the reason", async (t) => {
  const { report, lines } = startHost(t);
  report({ type: "connecting" });
  report({ type: "ready" });
  for (let outage = 0; outage < 20; outage += 1) {
    const message = `Redis at h:1: connect ECONNREFUSED 10.0.0.${outage}:1`;
    report({ type: "error", error: new BridgeError("BRIDGE_BROKER_UNAVAILABLE", message) });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      report({ type: "reconnecting", attempt, delay: 1 });
    }
    report({ type: "ready" });
  }
  t.deepEqual(lines, [
    'connected; subscribed to "c"',
    "Redis at h:1: connect ECONNREFUSED 10.0.0.0:1",
    "no connection to the broker; trying again",
    'connected again; subscribed to "c"',
  ]);
});

test("a loss that is logged is followed by its end, though one like it was logged within the minute", async (t) => {
  const { report, lines } = startHost(t);
  report({ type: "ready" });
  for (const reason of ["Redis at h:1: connect ECONNREFUSED", "Redis at h:1: WRONGPASS"]) {
    report({ type: "reconnecting", attempt: 1, delay: 1 });
    report({ type: "error", error: new BridgeError("BRIDGE_BROKER_UNAVAILABLE", reason) });
    report({ type: "ready" });
  }
  report({ type: "reconnecting", attempt: 1, delay: 1 });
  report({ type: "ready" });
  t.deepEqual(lines, [
    'connected; subscribed to "c"',
    "no connection to the broker; trying again",
    "Redis at h:1: connect ECONNREFUSED",
    'connected again; subscribed to "c"',
    "Redis at h:1: WRONGPASS",
    'connected again; subscribed to "c"',
  ]);
});

test("there is no lag while there is no connection", async (t) => {
  const { adapter, report } = startHost(t);
  t.is(adapter.stats().lag, null);
  report({ type: "healthy", channel: "c", lag: 7 });
  t.is(adapter.stats().lag, 7);
  for (const status of [
    { type: "reconnecting", attempt: 1, delay: 1 },
    { type: "stale", channel: "c", silence: 1 },
    { type: "refused", channels: ["c"] },
  ] as const) {
    report(status);
    t.is(adapter.stats().lag, null, status.type);
    report({ type: "healthy", channel: "c", lag: 3 });
    t.is(adapter.stats().lag, 3);
  }
});
