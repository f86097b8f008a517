import type { TestFn } from "ava";
import { ownChannel } from "../../../src/testing/node-host.js";
import { startProxy } from "../../helpers/proxy.js";
import { openAt } from "../outages/outage-broker.js";

/** A broker that lets a bus in, and does not answer when it subscribes. */
export interface UnansweringBroker<Context> {
  /** Begins the title of the test. */
  readonly what: string;
  /** Where the broker of the test is reached over that port of this machine. */
  makeUrl(context: Context, port: number): string;
  /** Whether this is, or has in it, the answer to a subscription. */
  isAnswer(bytes: Buffer): boolean;
  readonly reason: RegExp;
}

/** What every bus does whose subscriptions are answered. */
export function testUnanswered<Context extends { readonly port: number }>(
  test: TestFn<Context>,
  broker: UnansweringBroker<Context>,
): void {
  test(`${broker.what}: a subscription that is not answered is asked for again over another connection`, async (t) => {
    const channel = ownChannel();
    const proxy = await startProxy(t, t.context.port);
    proxy.withhold(broker.isAnswer);
    const { bus, listen, statuses } = openAt(t, broker.makeUrl(t.context, proxy.port));
    const giveUp = async () => {
      const told = await statuses.find("an error", ({ type }) => type === "error");
      t.regex(told.type === "error" ? told.error.message : "", broker.reason);
      t.false(statuses.items.some(({ type }) => type === "ready"));
      proxy.withhold(() => false);
    };
    const [inbox] = await Promise.all([listen(channel), giveUp()]);
    await bus.publish(channel, "hello");
    await inbox.find("the message", (text) => text === "hello");
  });
}
