import test from "ava";
import type { BusStatus } from "../../../src/bus/bus.js";
import { networkedBus } from "../../../src/bus/core/networked-bus.js";
import { AWAY } from "../../helpers/away-backend.js";

test("a listener that publishes and closes when messages are dropped finds the bus closed", async (t) => {
  const bus = networkedBus({}, () => AWAY);
  const types: BusStatus["type"][] = [];
  const again: Promise<void>[] = [];
  bus.onStatus(({ type }) => {
    types.push(type);
    if (type === "dropped") {
      again.push(bus.publish("c", "again"), bus.close());
    }
  });
  const published = bus.publish("c", "message");
  await bus.close();
  await t.throwsAsync(published, { code: "BRIDGE_MESSAGE_DROPPED" });
  await t.throwsAsync(again[0] as Promise<void>, { code: "BRIDGE_CLOSED" });
  await again[1];
  t.deepEqual(types, ["connecting", "dropped", "closed"]);
});

test("a listener that publishes while the bus connects is told of that once", async (t) => {
  const bus = networkedBus({}, () => AWAY);
  let connecting = 0;
  bus.onStatus(({ type }) => {
    if (type === "connecting") {
      connecting += 1;
      bus.publish("c", "from the listener").catch(() => {});
    }
  });
  bus.publish("c", "message").catch(() => {});
  t.is(connecting, 1);
  await bus.close();
});
