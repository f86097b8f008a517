import type { ExecutionContext, TestFn } from "ava";
import { ownChannel } from "../../../src/testing/node-host.js";
import { openAt } from "../outages/outage-broker.js";
import { startLonelyHost } from "./unreachable.js";

/** Who may read and write on a channel, and on the side channel that goes with it. */
export interface Rights {
  /** Logs in as a user who may do nothing there yet. */
  readonly url: string;
  grant(): Promise<unknown>;
  /** The broker notices it at once, or with the next connection: then it ends those of the user. */
  revoke(): Promise<unknown>;
}

export interface RefusingBroker<Context> {
  /** Begins the titles of the tests. */
  readonly what: string;
  /** What the broker says. */
  readonly refusal: RegExp;
  /** A user of its own for each test. */
  startRights(t: ExecutionContext<Context>, channel: string): Promise<Rights>;
}

/** What every bus, and a host, says where the broker lets it in and refuses its channels. */
export function testRefusals<Context>(test: TestFn<Context>, broker: RefusingBroker<Context>): void {
  test.serial(`${broker.what}: a host that may read none of its channels is not ready, and says so`, async (t) => {
    const channel = ownChannel();
    const { url } = await broker.startRights(t, channel);
    const { adapter, statuses, errors, log } = startLonelyHost(t, url, { channel });
    await t.throwsAsync(adapter.ready(), { code: "BRIDGE_BROKER_UNAVAILABLE", message: broker.refusal });
    const refused = await statuses.find("the refusal", ({ type }) => type === "refused");
    t.deepEqual(refused.type === "refused" && [...refused.channels].sort(), [channel, `${channel}.node`]);
    t.true(errors().every((message) => broker.refusal.test(message)));
    t.false(statuses.items.some(({ type }) => type === "ready"));
    t.false(
      log.some((line) => line.includes("subscribed to")),
      log.join("\n"),
    );
    t.true(
      log.some((line) => line.includes(`receives nothing on "${channel}`)),
      log.join("\n"),
    );
    t.is(adapter.stats().lag, null);
  });

  test.serial(`${broker.what}: a bus whose right is withdrawn is not ready until it is granted again`, async (t) => {
    const channel = ownChannel();
    const { url, grant, revoke } = await broker.startRights(t, channel);
    await grant();
    const { bus, listen, next, statuses } = openAt(t, url);
    const [inbox] = [await listen(channel), await next("healthy")];
    const refused = next("refused");
    const before = statuses.items.length;
    await revoke();
    t.deepEqual((await refused).channels, [channel]);
    t.false(statuses.items.slice(before).some(({ type }) => type === "ready"));
    const ready = next("ready");
    await grant();
    await ready;
    await bus.publish(channel, "hello");
    await inbox.find("the message", (text) => text === "hello");
  });
}
