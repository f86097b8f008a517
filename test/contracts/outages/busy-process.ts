import type { ExecutionContext, TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { createEmitter } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import type { OpenBus } from "../../helpers/open-bus.js";
import { type OutageBroker, openAt } from "./outage-broker.js";

/** Longer than a broker may be silent. */
const OWN_WORK_MS = 1_200;

function work(): void {
  const until = performance.now() + OWN_WORK_MS;
  while (performance.now() < until) {
    // Neither timers nor sockets.
  }
}

const typesOf = ({ statuses }: Pick<OpenBus, "statuses">) => new Set(statuses.items.map(({ type }) => type));

/** Nothing is given up because of what the process itself does: the bounds of an outage are for outages. */
export function testBusyProcess<Broker extends RunningBroker>(
  test: TestFn<Broker>,
  broker: OutageBroker<Broker>,
): void {
  async function openPair(t: ExecutionContext<Broker>, outage = {}) {
    const channel = ownChannel();
    const [sender, receiver] = [openAt(t, t.context.url, { outage }), openAt(t, t.context.url)];
    const [inbox] = await Promise.all([receiver.listen(channel), sender.listen(channel)]);
    // Its other connection, over which it publishes, may come later.
    await sender.statuses.find("ready", ({ type }) => type === "ready");
    const publish = (texts: readonly string[]) => texts.map((text) => sender.bus.publish(channel, text));
    return { channel, sender, inbox, publish };
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, number) => String(number));

  test.serial(`${broker.title}: a plain loop of 100,000 messages loses none`, async (t) => {
    const { sender, inbox, publish } = await openPair(t);
    const sent = numbers(100_000);
    await Promise.all(publish(sent));
    await inbox.find("the last", (_, index) => index === sent.length - 1, 60_000);
    t.deepEqual(inbox.items, sent);
    t.false(typesOf(sender).has("dropped"));
  });

  test.serial(`${broker.title}: messages after a second of own work are sent, and none is dropped`, async (t) => {
    const { sender, inbox, publish } = await openPair(t);
    const sent = numbers(12_001);
    const [first, ...others] = sent as [string, ...string[]];
    const published = publish([first]);
    work();
    await Promise.all([...published, ...publish(others)]);
    await inbox.find("the last", (_, index) => index === sent.length - 1, 60_000);
    t.deepEqual(inbox.items, sent);
    for (const type of ["dropped", "error", "reconnecting", "stale"] as const) {
      t.false(typesOf(sender).has(type), type);
    }
  });

  test.serial(`${broker.title}: what waits although the broker is there is reported, and sent`, async (t) => {
    const { sender, inbox, publish } = await openPair(t, { maxMessages: 100 });
    const drained = sender.next("drained");
    const texts = numbers(6_000).map((number) => number.padEnd(4_096));
    const published = publish(texts);
    const [reported] = sender.statuses.items.flatMap((status) => (status.type === "backpressure" ? [status] : []));
    t.is(reported?.count, 101);
    await Promise.all([drained, ...published]);
    await inbox.find("the last", (_, index) => index === texts.length - 1, 60_000);
    t.deepEqual(
      inbox.items.map((text) => text.trim()),
      numbers(texts.length),
    );
    t.false(typesOf(sender).has("dropped"));
  });

  test.serial(`${broker.title}: what a listener publishes when the rest is drained comes after it`, async (t) => {
    const { channel, sender, inbox, publish } = await openPair(t, { maxMessages: 100 });
    sender.bus.onStatus(({ type }) => type === "drained" && void sender.bus.publish(channel, "after"));
    const texts = numbers(6_000).map((number) => number.padEnd(4_096));
    await Promise.all(publish(texts));
    await inbox.find("the one of the listener", (text) => text === "after", 60_000);
    t.deepEqual(
      inbox.items.map((text) => text.trim()),
      [...numbers(texts.length), "after"],
    );
  });

  test.serial(`${broker.title}: close() sends all that waits, however much it is`, async (t) => {
    const { sender, inbox, publish } = await openPair(t);
    const texts = numbers(5_000).map((number) => number.padEnd(4_096));
    const published = publish(texts);
    await sender.bus.close();
    await Promise.all(published);
    await inbox.find("the last", (_, index) => index === texts.length - 1, 60_000);
    t.deepEqual(
      inbox.items.map((text) => text.trim()),
      numbers(texts.length),
    );
  });

  test.serial(
    `${broker.title}: emits in one loop after own work, of an emitter and of a host, all arrive`,
    async (t) => {
      const channel = ownChannel();
      const [host, other] = [
        await startNodeHost(t, t.context.url, { channel }),
        await startNodeHost(t, t.context.url, { channel }),
      ];
      const client = await connectClient(t, other.url);
      const emitter = createEmitter(t.context.url, { channel, logger: false });
      cleanUp(t, () => emitter.close());
      await emitter.emit("first");
      host.io.emit("first");
      void emitter.emit("second");
      work();
      const emitted = numbers(12_000).map((number) => {
        host.io.emit("of the host", number);
        return emitter.emit("of the emitter", number);
      });
      await Promise.all(emitted);
      host.io.emit("last of the host");
      await emitter.emit("last of the emitter");
      await Promise.all([client.until("last of the host"), client.until("last of the emitter")]);
      for (const name of ["of the emitter", "of the host"]) {
        const received = client.received().filter(([event]) => event === name);
        t.deepEqual(
          received.map(([, number]) => number),
          numbers(12_000),
        );
      }
    },
  );
}
