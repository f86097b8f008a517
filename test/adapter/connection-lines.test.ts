import test from "ava";
import { Server } from "socket.io";
import { BridgeError, createAdapter } from "../../src/index.js";
import { cleanUp } from "../../src/testing/scope.js";
import { captureBus } from "./captured-bus.js";

const LINE = "[socketio-python-bridge] ";

test("a connection that comes and goes is told once a minute, and so is the reason", async (t) => {
  const { bus, report } = captureBus();
  const lines: string[] = [];
  const log = (line: string) => lines.push(line.replace(LINE, ""));
  const io = new Server(0, { adapter: createAdapter(bus, { channel: "c", logger: { info: log, warn: log } }) });
  cleanUp(t, () => io.close());
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
