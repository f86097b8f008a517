import { setTimeout as pause } from "node:timers/promises";
import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { type OutageBroker, openAt } from "./outage-broker.js";

/** What no broker sends costs a connection at most: neither the process nor the bus. */
export function testGarbled<Broker extends RunningBroker>(
  test: TestFn<Broker>,
  { title, startNetwork, garbage }: OutageBroker<Broker>,
): void {
  for (const bytes of garbage) {
    test.serial(`${title} sends ${JSON.stringify(bytes.slice(0, 50))}: what is published later arrives`, async (t) => {
      const channel = ownChannel();
      const { proxy, url } = await startNetwork(t, t.context);
      const { bus, listen } = openAt(t, url);
      const inbox = await listen(channel);
      proxy.inject(Buffer.from(bytes, "latin1"));
      const heard = new AbortController();
      const arrived = inbox.find("a message", () => true).finally(() => heard.abort());
      // What is published before the loss is noticed may be lost with the connection of the reader.
      while (!heard.signal.aborted) {
        await bus.publish(channel, "later");
        await pause(50);
      }
      t.is(await arrived, "later");
    });
  }
}
