import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { firstArrivals, numbersIn, startTraffic } from "../../helpers/traffic.js";
import { type OutageBroker, openAt, subscribeElsewhere, untilOutageKnown } from "./outage-broker.js";

/** From the moment at which the broker takes connections. */
const LONGEST_RECOVERY_MS = 2_000;

/** What is published while the broker is away arrives when it is back. */
export function testRestarts<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  const once = broker.mayRepeat ? "at least once" : "once";
  const arrived = (numbers: readonly number[]) => (broker.mayRepeat ? firstArrivals(numbers) : numbers);

  for (const end of ["crash", "stop"] as const) {
    test.serial(
      `${end} and restart under traffic in both directions: all messages arrive ${once}, in order`,
      async (t) => {
        const [there, back] = [ownChannel(), ownChannel()];
        const [near, far] = [openAt(t, t.context.url), openAt(t, t.context.url)];
        const [inboxes, traffic] = [
          [await near.listen(back), await far.listen(there)] as const,
          [
            startTraffic(t, (number) => far.bus.publish(back, String(number))),
            startTraffic(t, (number) => near.bus.publish(there, String(number))),
          ] as const,
        ];
        await Promise.all(inboxes.map((inbox) => inbox.find("traffic", (text) => text === "50")));
        const lost = Promise.all([near.next("reconnecting"), far.next("reconnecting")]);
        await t.context[end]();
        await lost;
        const atLoss = traffic.map(({ next }) => next);

        const ready = Promise.all([near.next("ready"), far.next("ready")]);
        await t.context.start();
        const since = performance.now();
        await ready;
        const recovery = performance.now() - since;
        const atRecovery = traffic.map(({ next }) => next);
        for (const [direction, inbox] of inboxes.entries()) {
          const sent = (await traffic[direction]?.stop()) ?? [];
          await inbox.find("the last", (text) => text === String(sent.at(-1)));
          t.deepEqual(arrived(numbersIn(inbox)), sent);
          t.true((atRecovery[direction] ?? 0) > (atLoss[direction] ?? 0), "traffic went on during the outage");
        }
        t.true(recovery < LONGEST_RECOVERY_MS, `both were ready ${Math.round(recovery)} ms after the broker`);
        const dropped = [near, far].flatMap(({ statuses }) => statuses.items.filter(({ type }) => type === "dropped"));
        t.deepEqual(dropped, []);
      },
    );
  }

  test.serial(
    "a bus that published nothing before a crash still gives the others time to subscribe again",
    async (t) => {
      const channel = ownChannel();
      const [sender, receiver] = [openAt(t, t.context.url), openAt(t, t.context.url)];
      await subscribeElsewhere(sender);
      const inbox = await receiver.listen(channel);
      const lost = Promise.all([sender.next("reconnecting"), receiver.next("reconnecting")]);
      await t.context.crash();
      await lost;
      const published = sender.bus.publish(channel, "during");
      await t.context.start();
      await published;
      await inbox.find("the message", (text) => text === "during");
      t.deepEqual(inbox.items, ["during"]);
    },
  );

  test.serial(
    "a reader that does not return after a crash delays the others no longer than subscriberGrace",
    async (t) => {
      const channel = ownChannel();
      const [sender, receiver] = [openAt(t, t.context.url), openAt(t, t.context.url)];
      const leaver = openAt(t, t.context.url);
      const [inbox] = [await receiver.listen(channel), await leaver.listen(channel), await subscribeElsewhere(sender)];
      await sender.bus.publish(channel, "before");
      await inbox.find("the message", (text) => text === "before");
      // Until the pauses are as long as they get.
      const waiting = [sender, receiver].map(({ next }) => next("reconnecting", ({ attempt }) => attempt === 8));
      await t.context.crash();
      await Promise.all([...waiting, leaver.bus.close()]);
      const published = sender.bus.publish(channel, "during");
      await t.context.start();
      await published;
      await inbox.find("the message", (text) => text === "during");
      t.deepEqual(inbox.items, ["before", "during"]);
    },
  );

  test.serial("before the broker is up, publish() and subscribe() wait for it", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    await proxy.cut();
    const { bus, listen, next, statuses } = openAt(t, url);
    const channel = ownChannel();
    const [error, outage] = [next("error"), untilOutageKnown({ statuses })];
    const [published, subscribed] = [bus.publish(ownChannel(), "early"), listen(channel)];
    const { code, message } = (await error).error;
    t.is(code, "BRIDGE_BROKER_UNAVAILABLE");
    t.regex(message, new RegExp(`^${broker.title} at 127\\.0\\.0\\.1:${proxy.port}: connect ECONNREFUSED`));
    await outage;
    await proxy.restore();
    const [, inbox] = await Promise.all([published, subscribed]);
    await bus.publish(channel, "hello");
    t.is(await inbox.find("the message", () => true), "hello");
  });

  test.serial("statuses come in order: connecting, ready, each attempt to reconnect, ready, closed", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const { bus, listen, next, statuses, errors } = openAt(t, url);
    const ready = next("ready");
    await listen(ownChannel());
    await ready;
    const third = next("reconnecting", ({ attempt }) => attempt === 3);
    await proxy.cut();
    await third;
    const again = next("ready");
    await proxy.restore();
    await again;
    await bus.close();
    const told = statuses.items.filter(({ type }) => type !== "healthy" && type !== "stale" && type !== "error");
    const attempts = told.flatMap((status) => (status.type === "reconnecting" ? [status.attempt] : []));
    t.deepEqual(
      told.map(({ type }) => type),
      ["connecting", "ready", ...attempts.map(() => "reconnecting" as const), "ready", "closed"],
    );
    t.deepEqual(
      attempts,
      attempts.map((_, index) => index + 1),
    );
    const types = statuses.items.map(({ type }) => type);
    t.true(types.includes("error") && types.indexOf("error") < types.lastIndexOf("ready"));
    t.is(types.at(-1), "closed");
    t.regex(errors().join("\n"), new RegExp(`${broker.title} at 127\\.0\\.0\\.1:${proxy.port}: .*ECONNREFUSED`));
  });
}
