import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { startPeer } from "../../helpers/python.js";
import { startTraffic } from "../../helpers/traffic.js";
import { type OutageBroker, openAt, subscribeElsewhere } from "./outage-broker.js";

/** A bus that is cut off while the broker works and others use it. */
export function testCutOff<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  const missed = broker.keepsMessagesForReaders ? "misses nothing" : "misses what others publish meanwhile";

  test.serial(`a bus that is cut off ${missed}; its own messages arrive once, in order`, async (t) => {
    const channel = ownChannel();
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const [away, node] = [openAt(t, url), openAt(t, t.context.url)];
    const inbox = await away.listen(channel);
    const python = await startPeer(t, "write-only", t.context.url, channel);
    const publish = async (from: number, to: number): Promise<void> => {
      for (let number = from; number < to; number += 1) {
        await python.request("emit", { event: "Python", data: number });
        await node.bus.publish(channel, JSON.stringify({ event: "Node", data: number }));
      }
    };
    const arrived = (event: string) =>
      inbox.items
        .map((text) => JSON.parse(text) as { readonly event: string; readonly data: unknown })
        .filter((message) => message.event === event)
        .map(({ data }) => Number([data].flat()[0]));
    await publish(0, 100);
    await Promise.all(
      ["Python", "Node"].map((event) => inbox.find(`all of ${event}`, () => arrived(event).includes(99))),
    );
    const lost = away.next("reconnecting");
    await proxy.cut();
    await lost;
    await publish(100, 200);
    const own = [0, 1, 2].map((data) => away.bus.publish(channel, JSON.stringify({ event: "own", data })));
    const ready = away.next("ready");
    await proxy.restore();
    await Promise.all([ready, ...own]);
    await publish(200, 210);
    await node.bus.publish(channel, JSON.stringify({ event: "the end" }));
    await inbox.find("the end", (text) => text.includes("the end"));
    await inbox.find("the last of Python", () => arrived("Python").includes(209));
    const all = Array.from({ length: 210 }, (_, number) => number);
    const expected = broker.keepsMessagesForReaders ? all : all.filter((number) => number < 100 || number >= 200);
    t.deepEqual(arrived("Python"), expected);
    t.deepEqual(arrived("Node"), expected);
    t.deepEqual(arrived("own"), [0, 1, 2]);
  });

  test.serial("messages published while cut off arrive once, in order", async (t) => {
    const channel = ownChannel();
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const [away, other] = [openAt(t, url), openAt(t, t.context.url)];
    const [inbox] = [await other.listen(channel), await subscribeElsewhere(away)];
    await away.bus.publish(channel, "before");
    await inbox.find("the message", (text) => text === "before");
    const lost = away.next("reconnecting");
    await proxy.cut();
    await lost;
    const meanwhile = Array.from({ length: 200 }, (_, number) => String(number));
    const published = meanwhile.map((text) => away.bus.publish(channel, text));
    await proxy.restore();
    await Promise.all(published);
    await away.bus.publish(channel, "the end");
    await inbox.find("the end", (text) => text === "the end");
    t.deepEqual(inbox.items, ["before", ...meanwhile, "the end"]);
  });

  test.serial("subscribe() while cut off resolves after the reconnect, and delivers from then on", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const [away, other] = [openAt(t, url), openAt(t, t.context.url)];
    const [first, second] = [ownChannel(), ownChannel()];
    const inFirst = await away.listen(first);
    const lost = away.next("reconnecting");
    await proxy.cut();
    await lost;
    let isSubscribed = false;
    const subscribed = away.listen(second).then((inbox) => {
      isSubscribed = true;
      return inbox;
    });
    await away.next("reconnecting");
    t.false(isSubscribed);
    await proxy.restore();
    const inSecond = await subscribed;
    await other.bus.publish(second, "hello");
    t.is(await inSecond.find("the message", () => true), "hello");
    await other.bus.publish(first, "hello again");
    t.is(await inFirst.find("the message", () => true), "hello again");
  });

  if (broker.keepsMessagesForReaders) {
    test.serial("connections that are cut again and again under traffic lose and repeat nothing", async (t) => {
      const channel = ownChannel();
      const { proxy, url } = await broker.startNetwork(t, t.context);
      const [away, other] = [openAt(t, url), openAt(t, t.context.url)];
      const inbox = await away.listen(channel);
      const traffic = startTraffic(t, (number) => other.bus.publish(channel, String(number)));
      for (let times = 0; times < 10; times += 1) {
        const { length } = inbox.items;
        await inbox.find("more", () => inbox.items.length > length + 20);
        await proxy.cut();
        await proxy.restore();
      }
      const sent = await traffic.stop();
      await other.bus.publish(channel, "the end");
      await inbox.find("the end", (text) => text === "the end");
      t.deepEqual(inbox.items, [...sent.map(String), "the end"]);
    });
  }
}
