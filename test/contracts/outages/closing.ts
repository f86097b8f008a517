import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { startScript } from "../../helpers/process.js";
import { moduleUrl } from "../../helpers/run-from.js";
import { type OutageBroker, openAt, untilOutageKnown } from "./outage-broker.js";

/** Shorter than `close()` waits for a broker that is there. */
const AT_ONCE_MS = 2_000;

/** Its arguments: the URL, and the status that it waits for before it closes its bus, if any. */
const SCRIPT = `
  import { openBus } from ${JSON.stringify(moduleUrl("src/bus/open.ts").href)};
  const [, url, status] = process.argv;
  const bus = openBus(url, "socketio", {});
  const reached = new Promise((resolve) => bus.onStatus(({ type }) => type === status && resolve()));
  const subscribed = bus.subscribe("ending", () => {}).catch(({ code }) => code);
  bus.publish("ending", "x").catch(() => {});
  if (status === "published") {
    await bus.publish("other", "x");
  } else if (status !== undefined) {
    await reached;
  }
  await bus.close();
  console.log(await subscribed);`;

/** A closed bus leaves nothing behind, during an outage as at any other time. */
export function testClosing<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  test.serial("close() during an outage returns at once, and settles everything that waits", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const { bus, listen, statuses } = openAt(t, url);
    const channel = ownChannel();
    await listen(channel);
    const outage = untilOutageKnown({ statuses });
    await proxy.cut();
    await outage;
    const dropped = t.throwsAsync(bus.publish(channel, "never published"), { code: "BRIDGE_MESSAGE_DROPPED" });
    const refused = t.throwsAsync(listen(ownChannel()), { code: "BRIDGE_CLOSED" });
    const since = performance.now();
    await bus.close();
    const duration = performance.now() - since;
    await Promise.all([dropped, refused]);
    t.true(duration < AT_ONCE_MS, `closed after ${Math.round(duration)} ms`);
    t.like(statuses.items.at(-2), { type: "dropped", reason: "closed", count: 1 });
    t.deepEqual(statuses.items.at(-1), { type: "closed" });
  });

  for (const [when, status, code] of [
    ["at once", undefined, /^(undefined|BRIDGE_CLOSED)$/],
    ["after a message", "published", /^(undefined|BRIDGE_CLOSED)$/],
    ["when it is ready", "ready", /^undefined$/],
  ] as const) {
    test.serial(`a process ends by itself after close(): ${when}`, async (t) => {
      const program = startScript(t, SCRIPT, [t.context.url, ...(status === undefined ? [] : [status])]);
      t.is(await program.exited(), 0);
      t.regex(program.stdout.items.join("\n"), code);
      t.deepEqual(program.stderr.items, []);
    });
  }

  test.serial("a process ends by itself after close(): during an outage", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    await proxy.cut();
    const program = startScript(t, SCRIPT, [url, "reconnecting"]);
    t.is(await program.exited(), 0);
    t.deepEqual(program.stdout.items, ["BRIDGE_CLOSED"]);
    t.deepEqual(program.stderr.items, []);
  });
}
