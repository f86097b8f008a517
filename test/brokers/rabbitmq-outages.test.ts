import { connect } from "amqplib";
import type { ExecutionContext } from "ava";
import { launchRabbitmq, type TestRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import type { BusOptions } from "../../src/bus/options.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testEveryOutage } from "../contracts/outages/every-outage.js";
import { openAt } from "../contracts/outages/outage-broker.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

testEveryOutage(test, {
  title: "RabbitMQ",
  keepsMessagesForReaders: true,
  mayRepeat: true,
  garbage: [
    // A frame without its end, one of no type, a method that does not exist, one for a channel that is not open.
    "\x01\x00\x01\x00\x00\x00\x04\x00\x3c\x00\x15\x00",
    "\x2a\x00\x00\x00\x00\x00\x00\xce",
    "\x01\x00\x01\x00\x00\x00\x04\xff\xff\xff\xff\xce",
    "\x01\x00\x63\x00\x00\x00\x05\x00\x3c\x00\x15\x00\xce",
    // basic.deliver and connection.close whose fields are cut off.
    "\x01\x00\x01\x00\x00\x00\x05\x00\x3c\x00\x3c\xff\xce",
    "\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x32\xce",
  ],
  startNetwork: async (t, { port }) => {
    const proxy = await startProxy(t, port);
    return { proxy, url: `amqp://127.0.0.1:${proxy.port}//` };
  },
});

/** A reader of the channel. */
async function listen(t: ExecutionContext, url: string, channel: string, options: BusOptions = {}) {
  const opened = openAt(t, url, options);
  return { ...opened, inbox: await opened.listen(channel) };
}

async function queueOf({ api }: TestRabbitmq, channel: string): Promise<string> {
  const queues = (await api("GET", "queues")) as { readonly name: string }[];
  return queues.find(({ name }) => name.startsWith("socketio-python-bridge.") && name.endsWith(channel))?.name ?? "";
}

test.serial("a queue that is deleted under its reader is made again, and that is told", async (t) => {
  const channel = ownChannel();
  const { bus, inbox, statuses, errors, next } = await listen(t, t.context.url, channel);
  const [told, ready] = [next("error"), next("ready")];
  await t.context.api("DELETE", `queues/%2F/${await queueOf(t.context, channel)}`);
  await Promise.all([told, ready]);
  t.deepEqual(errors(), [
    `RabbitMQ at 127.0.0.1:${t.context.port} ended the subscription to "${channel}": its queue was deleted`,
    `RabbitMQ at 127.0.0.1:${t.context.port}: what others published meanwhile is lost to this host on "${channel}": its queue or its binding was gone`,
  ]);
  t.is(statuses.items.filter(({ type }) => type === "reconnecting").length, 0);
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial("a queue that nobody is bound to any more looks alive and is stale, which is found out", async (t) => {
  const channel = ownChannel();
  const { bus, inbox, next } = await listen(t, t.context.url, channel, { heartbeatInterval: 200 });
  await next("healthy");
  const [stale, ready] = [next("stale"), next("ready")];
  const queue = await queueOf(t.context, channel);
  await t.context.api("DELETE", `bindings/%2F/e/${channel}/q/${queue}/~`);
  t.like(await stale, { channel });
  await ready;
  await next("healthy");
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial("an exchange that is deleted is declared again, by readers and by writers", async (t) => {
  const channel = ownChannel();
  const reader = await listen(t, t.context.url, channel, { heartbeatInterval: 200 });
  const writer = openAt(t, t.context.url);
  await writer.bus.publish(channel, "before");
  await reader.inbox.find("the message", (text) => text === "before");
  const [stale, healthy] = [reader.next("stale"), reader.next("healthy")];
  await t.context.api("DELETE", `exchanges/%2F/${channel}`);
  await writer.bus.publish(channel, "to nobody");
  t.regex(writer.errors().join("\n"), /NOT_FOUND - no exchange/);
  await Promise.race([stale, healthy]);
  const delivered = reader.inbox.find("the message", (text) => text === "after");
  const timer = setInterval(() => void writer.bus.publish(channel, "after").catch(() => {}), 50);
  cleanUp(t, () => clearInterval(timer));
  await delivered;
  t.pass();
});

test.serial("a queue that cannot be had any more is replaced by another one", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const { bus, inbox, next } = await listen(t, `amqp://127.0.0.1:${proxy.port}`, channel);
  const queue = await queueOf(t.context, channel);
  const lost = next("reconnecting");
  await proxy.cut();
  await lost;
  await t.context.api("DELETE", `queues/%2F/${queue}`);
  await t.context.api("PUT", `queues/%2F/${queue}`, { durable: true, arguments: { "x-expires": 60_000 } });
  const ready = next("ready");
  await proxy.restore();
  await ready;
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
  await bus.close();
  await t.context.api("DELETE", `queues/%2F/${queue}`);
  t.is(await queueOf(t.context, channel), "");
});

test.serial("connections that an operator closes are opened again", async (t) => {
  const channel = ownChannel();
  const { bus, inbox, errors, next } = await listen(t, t.context.url, channel);
  await bus.publish(channel, "before");
  const ready = next("ready");
  await t.context.ctl("close_all_connections", "--vhost", "/", "maintenance");
  await ready;
  t.regex(errors().join("\n"), /RabbitMQ at 127\.0\.0\.1:\d+: CONNECTION_FORCED - maintenance/);
  await bus.publish(channel, "after");
  await inbox.find("the message", (text) => text === "after");
  t.deepEqual(inbox.items, ["before", "after"]);
});

test.serial(
  "a broker short of memory takes nothing: that is told, nothing is lost and no connection given up",
  async (t) => {
    const channel = ownChannel();
    const { bus, inbox, statuses, errors, next } = await listen(t, t.context.url, channel, { heartbeatInterval: 500 });
    const other = await listen(t, t.context.url, channel);
    await bus.publish(channel, "before");
    const blocked = next("error");
    await t.context.ctl("set_vm_memory_high_watermark", "0");
    const during = bus.publish(channel, "during");
    await blocked;
    t.deepEqual(errors(), [
      `RabbitMQ at 127.0.0.1:${t.context.port} accepts no messages for the time being: low on memory`,
    ]);
    // Longer than a silent broker is given: it has been asked at each beat.
    const healthy = next("healthy");
    await t.context.ctl("set_vm_memory_high_watermark", "0.4");
    await during;
    await healthy;
    await other.inbox.find("the message", (text) => text === "during");
    t.deepEqual(inbox.items, ["before", "during"]);
    t.false(statuses.items.some(({ type }) => type === "reconnecting" || type === "stale"));
  },
);

test.serial(
  "close() with the broker away ends at once; the queue it leaves is found and used by nobody else",
  async (t) => {
    const channel = ownChannel();
    const proxy = await startProxy(t, t.context.port);
    const { bus, next } = await listen(t, `amqp://127.0.0.1:${proxy.port}`, channel);
    const lost = next("reconnecting");
    await proxy.cut();
    await lost;
    const waiting = t.throwsAsync(bus.publish(channel, "nobody hears this"), { code: "BRIDGE_MESSAGE_DROPPED" });
    await bus.close();
    await waiting;
    const queue = await queueOf(t.context, channel);
    t.like(await t.context.api("GET", `queues/%2F/${queue}`), { arguments: { "x-expires": 300_000 } });
  },
);

test.serial("the broker does not let anybody else read the queue of a host", async (t) => {
  const channel = ownChannel();
  await listen(t, t.context.url, channel);
  const connection = await connect(t.context.url);
  cleanUp(t, () => connection.close());
  const other = await connection.createChannel();
  other.on("error", () => {});
  await t.throwsAsync(
    other.consume(await queueOf(t.context, channel), () => {}),
    { message: /exclusive use/ },
  );
});
