import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { firstArrivals, startTraffic } from "../../helpers/traffic.js";
import { type OutageBroker, openAt } from "./outage-broker.js";

/** Connections that look alive and carry nothing; and a blocked process, which must not be mistaken for that. */
export function testBlackHoles<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  test.serial("connections that carry nothing are detected within two heartbeats, and replaced", async (t) => {
    const heartbeatInterval = 2_000;
    const [channel, back] = [ownChannel(), ownChannel()];
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const [away, other] = [openAt(t, url, { heartbeatInterval }), openAt(t, t.context.url)];
    const [inbox, remote] = [await away.listen(channel), await other.listen(back)];
    await away.next("healthy");
    for (const number of Array.from({ length: 10 }).keys()) {
      await other.bus.publish(channel, `before ${number}`);
      await inbox.find("the message", (text) => text === `before ${number}`);
    }
    const noticed = Promise.race([away.next("stale"), away.next("reconnecting")]);
    proxy.freeze();
    const since = performance.now();
    const published = ["1", "2", "3"].map((text) => away.bus.publish(back, text));
    await noticed;
    const silence = performance.now() - since;
    // And a second for the timers of a busy machine.
    t.true(silence < 2 * heartbeatInterval + 1_000, `noticed after ${Math.round(silence)} ms`);
    await Promise.all(["4", "5", "6"].map((text) => other.bus.publish(channel, text)));
    published.push(...["7", "8", "9"].map((text) => away.bus.publish(back, text)));
    const [ready, healthy] = [away.next("ready"), away.next("healthy")];
    proxy.thaw();
    await Promise.all([ready, healthy, ...published]);
    await other.bus.publish(channel, "the end");
    await away.bus.publish(back, "the end");
    await Promise.all([inbox, remote].map((one) => one.find("the end", (text) => text === "the end")));
    const after = inbox.items.filter((text) => !text.startsWith("before"));
    const expected = ["4", "5", "6", "the end"];
    t.deepEqual(after, broker.keepsMessagesForReaders ? expected : expected.filter((text) => after.includes(text)));
    t.deepEqual(firstArrivals(remote.items), ["1", "2", "3", "7", "8", "9", "the end"]);
  });

  test.serial("messages that are not confirmed in time are sent again over a new connection", async (t) => {
    const channel = ownChannel();
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const [patient, impatient] = [60_000, 300].map((heartbeatInterval) => openAt(t, url, { heartbeatInterval }));
    const inbox = await openAt(t, t.context.url).listen(channel);
    await patient?.bus.publish(channel, "before");
    await impatient?.bus.publish(channel, "before too");
    const reconnecting = impatient?.next("reconnecting");
    proxy.freeze();
    const published = impatient?.bus.publish(channel, "during");
    await reconnecting;
    t.false(patient?.statuses.items.some(({ type }) => type === "reconnecting"));
    proxy.thaw();
    await published;
    await inbox.find("the message", (text) => text === "during");
    t.deepEqual(firstArrivals(inbox.items), ["before", "before too", "during"]);
  });

  test.serial("a process that was blocked reads on where it stopped: nothing is lost or repeated", async (t) => {
    const channel = ownChannel();
    const options = { heartbeatInterval: 1_000 };
    const [blocked, sender] = [openAt(t, t.context.url, options), openAt(t, t.context.url, options)];
    const inbox = await blocked.listen(channel);
    const traffic = startTraffic(t, (number) => sender.bus.publish(channel, String(number)));
    await inbox.find("traffic", () => true);
    const until = performance.now() + 3_000;
    while (performance.now() < until) {
      // Neither timers nor sockets.
    }
    const sent = await traffic.stop();
    await inbox.find("the last", (text) => text === String(sent.at(-1)));
    t.deepEqual(inbox.items, sent.map(String));
  });
}
