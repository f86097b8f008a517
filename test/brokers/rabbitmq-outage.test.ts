import { connect } from "amqplib";
import type { ExecutionContext } from "ava";
import { launchRabbitmq, type TestRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import type { Bus, BusStatus } from "../../src/bus/bus.js";
import { type RabbitmqBusOptions, rabbitmqBus } from "../../src/bus/rabbitmq/rabbitmq-bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startProxy } from "../helpers/proxy.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRabbitmq);

interface Listener {
  readonly bus: Bus;
  readonly inbox: Inbox<string>;
  readonly statuses: Inbox<BusStatus>;
  /** The first such status from now on. */
  next(type: BusStatus["type"], fits?: (status: BusStatus) => boolean): Promise<BusStatus>;
}

function open(t: ExecutionContext, options: RabbitmqBusOptions): Pick<Listener, "bus" | "statuses" | "next"> {
  const bus = rabbitmqBus(options);
  cleanUp(t, () => bus.close());
  const statuses = new Inbox<BusStatus>();
  bus.onStatus((status) => statuses.add(status));
  const next: Listener["next"] = (type, fits = () => true) => {
    const seen = new Set(statuses.items);
    return statuses.find(type, (status) => status.type === type && !seen.has(status) && fits(status));
  };
  return { bus, statuses, next };
}

async function listen(t: ExecutionContext, options: RabbitmqBusOptions, channel: string): Promise<Listener> {
  const opened = open(t, options);
  const inbox = new Inbox<string>();
  await opened.bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
  return { ...opened, inbox };
}

const errors = ({ items }: Inbox<BusStatus>) =>
  items.flatMap((status) => (status.type === "error" ? [status.error.message] : []));

/** Publishes numbers, one every few milliseconds, until it is told to stop. */
function countUp(t: ExecutionContext, bus: Bus, channel: string) {
  let next = 0;
  const timer = setInterval(() => {
    bus.publish(channel, String(next)).catch(() => {});
    next += 1;
  }, 5);
  cleanUp(t, () => clearInterval(timer));
  return {
    stop: (): readonly string[] => {
      clearInterval(timer);
      return Array.from({ length: next }, (_, number) => String(number));
    },
  };
}

/** What was published again after a loss may come again; apart from that, the order of what was sent. */
const withoutRepeats = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

async function queueOf({ api }: TestRabbitmq, channel: string): Promise<string> {
  const queues = (await api("GET", "queues")) as { readonly name: string }[];
  return queues.find(({ name }) => name.startsWith("socketio-python-bridge.") && name.endsWith(channel))?.name ?? "";
}

for (const end of ["stop", "crash"] as const) {
  test.serial(`the broker is restarted (${end}) under traffic: what Node hosts sent arrives, in order`, async (t) => {
    const channel = ownChannel();
    const sender = await listen(t, { url: t.context.url }, channel);
    const receiver = await listen(t, { url: t.context.url }, channel);
    const count = countUp(t, sender.bus, channel);
    await receiver.inbox.find("the tenth", (text) => text === "10");
    const lost = Promise.all([sender.next("reconnecting"), receiver.next("reconnecting")]);
    await t.context[end]();
    await lost;
    const back = Promise.all([sender.next("ready"), receiver.next("ready")]);
    await t.context.start();
    const since = performance.now();
    await back;
    const recovery = performance.now() - since;
    const sent = count.stop();
    await sender.bus.publish(channel, "the end");
    await receiver.inbox.find("the end", (text) => text === "the end");
    t.deepEqual(withoutRepeats(receiver.inbox.items), [...sent, "the end"]);
    t.true(recovery < 2_000, `both were back ${Math.round(recovery)} ms after the broker`);
    t.regex(errors(sender.statuses).join("\n"), /ECONNREFUSED 127\.0\.0\.1:\d+/);
  });
}

test.serial("a host that is cut off misses nothing: what came meanwhile arrives once, in order", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const away = await listen(t, { url: `amqp://127.0.0.1:${proxy.port}` }, channel);
  const python = await startPeer(t, "write-only", t.context.url, channel);
  const { bus } = open(t, { url: t.context.url });
  const emit = async (from: number, to: number): Promise<void> => {
    for (let number = from; number < to; number += 1) {
      await python.request("emit", { event: "number", data: number });
      await bus.publish(channel, `{"event": "node", "data": ${number}}`);
    }
  };
  await emit(0, 100);
  const lost = away.next("reconnecting");
  await proxy.cut();
  await lost;
  await emit(100, 200);
  await proxy.restore();
  await emit(200, 210);
  await bus.publish(channel, `{"event": "the end"}`);
  await away.inbox.find("the end", (text) => text.includes("the end"));
  const heard = away.inbox.items.map((text) => JSON.parse(text) as { event: string; data: unknown });
  for (const event of ["number", "node"]) {
    const numbers = heard.filter((message) => message.event === event).map(({ data }) => Number([data].flat()[0]));
    t.deepEqual(
      numbers,
      Array.from({ length: 210 }, (_, number) => number),
      event,
    );
  }
});

test.serial(
  "connections that are cut again and again under traffic lose and double nothing that is heard",
  async (t) => {
    const channel = ownChannel();
    const proxy = await startProxy(t, t.context.port);
    const away = await listen(t, { url: `amqp://127.0.0.1:${proxy.port}` }, channel);
    const { bus } = open(t, { url: t.context.url });
    const count = countUp(t, bus, channel);
    for (let times = 0; times < 10; times += 1) {
      const heard = away.inbox.items.length;
      await away.inbox.find("more", () => away.inbox.items.length > heard + 20);
      await proxy.cut();
      await proxy.restore();
    }
    const sent = count.stop();
    await bus.publish(channel, "the end");
    await away.inbox.find("the end", (text) => text === "the end");
    t.deepEqual(away.inbox.items, [...sent, "the end"]);
  },
);

test.serial("a connection that carries nothing any more is given up within two heartbeats", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const heartbeatInterval = 4_000;
  const away = await listen(t, { url: `amqp://127.0.0.1:${proxy.port}`, heartbeatInterval }, channel);
  const other = await listen(t, { url: t.context.url }, channel);
  await away.next("healthy");
  const reconnecting = away.next("reconnecting");
  proxy.freeze();
  const since = performance.now();
  const published = away.bus.publish(channel, "from the one who is away");
  await reconnecting;
  const silence = performance.now() - since;
  // And a second for the timers of a busy machine.
  t.true(silence < 2 * heartbeatInterval + 1_000, `noticed after ${Math.round(silence)} ms`);
  await other.bus.publish(channel, "to the one who is away");
  const ready = away.next("ready");
  proxy.thaw();
  await ready;
  await published;
  await other.inbox.find("the message", (text) => text === "from the one who is away");
  await away.inbox.find("the message", (text) => text === "to the one who is away");
  t.is(away.inbox.items.filter((text) => text === "to the one who is away").length, 1);
});

test.serial("a queue that is deleted under its reader is made again, and that is told", async (t) => {
  const channel = ownChannel();
  const { bus, inbox, statuses, next } = await listen(t, { url: t.context.url }, channel);
  const [told, ready] = [next("error"), next("ready")];
  await t.context.api("DELETE", `queues/%2F/${await queueOf(t.context, channel)}`);
  await Promise.all([told, ready]);
  t.deepEqual(errors(statuses), [
    `RabbitMQ at 127.0.0.1:${t.context.port} ended the subscription to "${channel}": its queue was deleted`,
  ]);
  t.is(statuses.items.filter(({ type }) => type === "reconnecting").length, 0);
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial("a queue that nobody is bound to any more looks alive and is deaf, which is found out", async (t) => {
  const channel = ownChannel();
  const { bus, inbox, next } = await listen(t, { url: t.context.url, heartbeatInterval: 200 }, channel);
  await next("healthy");
  const [deaf, ready] = [next("stale"), next("ready")];
  const queue = await queueOf(t.context, channel);
  await t.context.api("DELETE", `bindings/%2F/e/${channel}/q/${queue}/~`);
  t.like(await deaf, { channel });
  await ready;
  await next("healthy");
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test.serial("an exchange that is deleted is declared again, by readers and by writers", async (t) => {
  const channel = ownChannel();
  const reader = await listen(t, { url: t.context.url, heartbeatInterval: 200 }, channel);
  const writer = open(t, { url: t.context.url });
  await writer.bus.publish(channel, "before");
  await reader.inbox.find("the message", (text) => text === "before");
  const [deaf, healthy] = [reader.next("stale"), reader.next("healthy")];
  await t.context.api("DELETE", `exchanges/%2F/${channel}`);
  await writer.bus.publish(channel, "to nobody");
  t.regex(errors(writer.statuses).join("\n"), /NOT_FOUND - no exchange/);
  await Promise.race([deaf, healthy]);
  const delivered = reader.inbox.find("the message", (text) => text === "after");
  const timer = setInterval(() => void writer.bus.publish(channel, "after").catch(() => {}), 50);
  cleanUp(t, () => clearInterval(timer));
  await delivered;
  t.pass();
});

test.serial("a queue that cannot be had any more is replaced by another one", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const { bus, inbox, next } = await listen(t, { url: `amqp://127.0.0.1:${proxy.port}` }, channel);
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
  const { bus, inbox, statuses, next } = await listen(t, { url: t.context.url }, channel);
  await bus.publish(channel, "before");
  const ready = next("ready");
  await t.context.ctl("close_all_connections", "--vhost", "/", "maintenance");
  await ready;
  t.regex(errors(statuses).join("\n"), /RabbitMQ at 127\.0\.0\.1:\d+: CONNECTION_FORCED - maintenance/);
  await bus.publish(channel, "after");
  await inbox.find("the message", (text) => text === "after");
  t.deepEqual(inbox.items, ["before", "after"]);
});

test.serial(
  "a broker short of memory takes nothing: that is told, nothing is lost and no connection given up",
  async (t) => {
    const channel = ownChannel();
    const { bus, inbox, statuses, next } = await listen(t, { url: t.context.url, heartbeatInterval: 500 }, channel);
    const other = await listen(t, { url: t.context.url }, channel);
    await bus.publish(channel, "before");
    const blocked = next("error");
    await t.context.ctl("set_vm_memory_high_watermark", "0");
    const during = bus.publish(channel, "during");
    await blocked;
    t.deepEqual(errors(statuses), [
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
    const { bus, next } = await listen(t, { url: `amqp://127.0.0.1:${proxy.port}` }, channel);
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
  await listen(t, { url: t.context.url }, channel);
  const connection = await connect(t.context.url);
  cleanUp(t, () => connection.close());
  const other = await connection.createChannel();
  other.on("error", () => {});
  await t.throwsAsync(
    other.consume(await queueOf(t.context, channel), () => {}),
    { message: /exclusive use/ },
  );
});
