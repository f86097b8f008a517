import type { ExecutionContext, TestFn } from "ava";
import type { Bus, BusStatus } from "../../src/bus/bus.js";
import { BridgeError } from "../../src/errors.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";

/** Makes a bus on the same broker as all others that it makes for this test. */
export type MakeBus<Context> = (t: ExecutionContext<Context>) => Bus;

/** The contract in `src/bus/bus.ts`, which every bus passes. */
export function testBusConformance<Context>(test: TestFn<Context>, name: string, makeBus: MakeBus<Context>): void {
  const open = (t: ExecutionContext<Context>): Bus => {
    const bus = makeBus(t);
    cleanUp(t, () => bus.close());
    return bus;
  };
  const listen = async (bus: Bus, channel: string): Promise<Inbox<string>> => {
    const inbox = new Inbox<string>();
    await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString("latin1")));
    return inbox;
  };

  test(`${name}: what is published after subscribe() has resolved arrives, at other buses and at the sender`, async (t) => {
    const [sender, receiver] = [open(t), open(t)];
    const channel = ownChannel();
    const [here, there] = [await listen(sender, channel), await listen(receiver, channel)];
    await sender.publish(channel, "hello");
    t.is(await here.find("hello at the sender", () => true), "hello");
    t.is(await there.find("hello at the other bus", () => true), "hello");
  });

  test(`${name}: order per publisher is kept, nothing is lost or duplicated`, async (t) => {
    const [sender, receiver] = [open(t), open(t)];
    const channel = ownChannel();
    const inbox = await listen(receiver, channel);
    const sent = Array.from({ length: 2_000 }, (_, number) => String(number));
    await Promise.all(sent.map((text) => sender.publish(channel, text)));
    await inbox.find("the last", (text) => text === sent.at(-1));
    t.deepEqual(inbox.items, sent);
  });

  test(`${name}: bytes and text arrive as they are`, async (t) => {
    const [sender, receiver] = [open(t), open(t)];
    const channel = ownChannel();
    const inbox = await listen(receiver, channel);
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await sender.publish(channel, bytes);
    await sender.publish(channel, "žluť 🐍");
    await sender.publish(channel, new Uint8Array());
    await sender.publish(channel, "x".repeat(1_000_000));
    await inbox.find("the last", (text) => text.length === 1_000_000);
    const [first, second, third] = inbox.items;
    t.is(first, Buffer.from(bytes).toString("latin1"));
    t.is(second, Buffer.from("žluť 🐍").toString("latin1"));
    t.is(third, "");
  });

  test(`${name}: a payload that the sender changes afterwards arrives as it was`, async (t) => {
    const bus = open(t);
    const channel = ownChannel();
    const inbox = await listen(bus, channel);
    const payload = Buffer.from("before");
    const published = bus.publish(channel, payload);
    payload.fill("x");
    await published;
    t.is(await inbox.find("the message", () => true), "before");
  });

  test(`${name}: channels are separate`, async (t) => {
    const bus = open(t);
    const [one, other] = [ownChannel(), ownChannel()];
    const [inOne, inOther] = [await listen(bus, one), await listen(bus, other)];
    await bus.publish(one, "for one");
    await bus.publish(other, "for the other");
    await inOther.find("its message", () => true);
    await inOne.find("its message", () => true);
    t.deepEqual([inOne.items, inOther.items], [["for one"], ["for the other"]]);
  });

  test(`${name}: a channel has one subscriber`, async (t) => {
    const bus = open(t);
    const channel = ownChannel();
    const inbox = await listen(bus, channel);
    const error = await t.throwsAsync(
      bus.subscribe(channel, () => {}),
      { instanceOf: BridgeError },
    );
    t.is(error?.code, "BRIDGE_INVALID_OPTION");
    await bus.publish(channel, "still delivered");
    t.is(await inbox.find("the message", () => true), "still delivered");
  });

  test(`${name}: what a subscriber throws is reported, and the next message is delivered`, async (t) => {
    const bus = open(t);
    const channel = ownChannel();
    const [inbox, errors] = [new Inbox<string>(), new Inbox<BridgeError>()];
    bus.onStatus((status) => status.type === "error" && errors.add(status.error));
    await bus.subscribe(channel, (payload) => {
      inbox.add(Buffer.from(payload).toString());
      if (inbox.items.length === 1) {
        throw new Error("made to fail");
      }
    });
    await Promise.all([bus.publish(channel, "bad"), bus.publish(channel, "good")]);
    await inbox.find("the next message", (text) => text === "good");
    const [error] = errors.items;
    t.is(error?.code, "BRIDGE_MESSAGE_DROPPED");
    t.is(error?.message, `a message on "${channel}" could not be processed: made to fail`);
  });

  test(`${name}: publishes without a subscription`, async (t) => {
    const [sender, receiver] = [open(t), open(t)];
    const channel = ownChannel();
    const inbox = await listen(receiver, channel);
    await sender.publish(channel, "hello");
    t.is(await inbox.find("hello", () => true), "hello");
  });

  test(`${name}: reports when it is ready and when it is closed`, async (t) => {
    const bus = open(t);
    const statuses: BusStatus["type"][] = [];
    bus.onStatus(({ type }) => statuses.push(type));
    await bus.subscribe(ownChannel(), () => {});
    await bus.publish(ownChannel(), "x");
    await bus.close();
    t.true(statuses.includes("ready"));
    t.is(statuses.at(-1), "closed");
  });

  test(`${name}: close() sends what was published before, may be called twice, and nothing is accepted afterwards`, async (t) => {
    const [sender, receiver] = [open(t), open(t)];
    const channel = ownChannel();
    const inbox = await listen(receiver, channel);
    // Not even connected yet.
    void sender.publish(channel, "first");
    void sender.publish(channel, "last");
    await Promise.all([sender.close(), sender.close()]);
    await inbox.find("the last", (text) => text === "last");
    t.deepEqual(inbox.items, ["first", "last"]);
    for (const refused of [sender.publish(channel, "x"), sender.subscribe(channel, () => {})]) {
      const error = await t.throwsAsync(refused, { instanceOf: BridgeError });
      t.is(error?.code, "BRIDGE_CLOSED");
    }
  });
}
