import test from "ava";
import { freePort } from "../../../scripts/environment/free-port.js";
import { kafkaBus } from "../../../src/bus/kafka/kafka-bus.js";
import { openBus } from "../../helpers/open-bus.js";

/** Longer than a connection may take. */
const BLOCKED_MS = 2_000;

test("a process that is blocked while it connects reports the answer of the network, not its own delay", async (t) => {
  const { bus, next } = openBus(t, kafkaBus({ url: `kafka://127.0.0.1:${await freePort()}` }));
  const failed = next("error");
  bus.publish("channel", "x").catch(() => {});
  // Within a few turns the attempt has begun, and the refusal is not read yet.
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => process.nextTick(resolve));
  }
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
  t.regex((await failed).error.message, /ECONNREFUSED/);
});
