import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { kafkaAdmin, launchKafka, startKafka, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { kafkaBus } from "../../src/bus/kafka/kafka-bus.js";
import type { BusOptions } from "../../src/bus/options.js";
import type { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { type OpenBus, openBus } from "../helpers/open-bus.js";
import { startScript } from "../helpers/process.js";
import { startProxy } from "../helpers/proxy.js";
import { moduleUrl } from "../helpers/run-from.js";

interface Context {
  readonly kafka: TestKafka;
  /** Where clients of the listener PROXIED are told to go. */
  readonly proxyPort: number;
}

const test = anyTest as TestFn<Context>;
let kafka: TestKafka | undefined;

test.before(async (t) => {
  const proxyPort = await freePort();
  const advertised = `127.0.0.1:${proxyPort}`;
  kafka = await launchKafka({ listeners: { PROXIED: { protocol: "PLAINTEXT", advertised } } });
  t.context = { kafka, proxyPort };
});

test.after.always(() => kafka?.kill());

type T = ExecutionContext<Context>;

const open = (t: T, options: BusOptions = {}) => openBus(t, kafkaBus({ url: t.context.kafka.url, ...options }));

/** A bus whose network can fail. */
async function openProxied(t: T, options: BusOptions = {}) {
  const { kafka: broker, proxyPort } = t.context;
  const proxy = await startProxy(t, broker.ports.PROXIED as number, proxyPort);
  const away = openBus(t, kafkaBus({ url: `kafka://127.0.0.1:${proxyPort}`, ...options }));
  return { ...away, proxy };
}

/** Publishes numbers, one every few milliseconds, until it is told to stop. */
function countUp(t: T, { bus }: OpenBus, channel: string) {
  const published: Promise<void>[] = [];
  const timer = setInterval(() => published.push(bus.publish(channel, String(published.length))), 5);
  cleanUp(t, () => clearInterval(timer));
  return {
    get next() {
      return published.length;
    },
    /** Resolves when the broker has all of them. @returns what was sent */
    stop: async () => {
      clearInterval(timer);
      await withTimeout("all to be confirmed", Promise.all(published));
      return published.map((_, number) => String(number));
    },
  };
}

/** What is sent again after an outage may come twice; what counts is when it comes first. */
const firstOfEach = (inbox: Inbox<string>) => [...new Set(inbox.items)];

for (const how of ["crash", "stop"] as const) {
  test.serial(`a ${how} of the broker under traffic: nothing is lost, and all comes in order`, async (t) => {
    const broker = t.context.kafka;
    const channel = ownChannel();
    const [one, other] = [open(t), open(t)];
    const [inOne, inOther] = [await one.listen(channel), await other.listen(`${channel}-back`)];
    const [there, back] = [countUp(t, other, channel), countUp(t, one, `${channel}-back`)];
    await Promise.all([inOne.find("traffic", (number) => number === "50"), inOther.find("traffic", () => true)]);
    const lost = Promise.all([one.next("reconnecting"), other.next("reconnecting")]);
    await broker[how]();
    await lost;
    const [thereAtKill, backAtKill] = [there.next, back.next];

    const ready = Promise.all([one.next("ready"), other.next("ready")]);
    await broker.start();
    const since = performance.now();
    await ready;
    const recovery = performance.now() - since;
    t.true(there.next > thereAtKill && back.next > backAtKill, "traffic went on during the outage");
    const [sentThere, sentBack] = [await there.stop(), await back.stop()];
    await inOne.find("the last", (number) => number === sentThere.at(-1));
    await inOther.find("the last", (number) => number === sentBack.at(-1));
    t.deepEqual(firstOfEach(inOne), sentThere);
    t.deepEqual(firstOfEach(inOther), sentBack);
    t.true(recovery < 2_000, `both directions were open again ${Math.round(recovery)} ms after Kafka was back`);
  });
}

test.serial("a cut: the bus gets what was published meanwhile, once and in order", async (t) => {
  const channel = ownChannel();
  const away = await openProxied(t);
  const sender = open(t);
  const inbox = await away.listen(channel);
  await sender.bus.publish(channel, "before");
  await inbox.find("the message", (message) => message === "before");
  const lost = away.next("reconnecting");
  await away.proxy.cut();
  await lost;
  const meanwhile = Array.from({ length: 200 }, (_, number) => String(number));
  await Promise.all(meanwhile.map((number) => sender.bus.publish(channel, number)));
  const own = away.bus.publish(channel, "own");
  const ready = away.next("ready");
  await away.proxy.restore();
  await Promise.all([ready, own]);
  await inbox.find("the own message", (message) => message === "own");
  t.deepEqual(inbox.items, ["before", ...meanwhile, "own"]);
});

test.serial("connections that look alive and carry nothing are found out, and nothing is lost", async (t) => {
  const channel = ownChannel();
  const away = await openProxied(t, { heartbeatInterval: 300 });
  const sender = open(t);
  const [inbox, remote] = [await away.listen(channel), await sender.listen(`${channel}-back`)];
  await away.next("healthy");
  const deaf = away.next("stale");
  away.proxy.freeze();
  const published = ["1", "2", "3"].map((number) => away.bus.publish(`${channel}-back`, number));
  await deaf;
  await Promise.all(["1", "2", "3"].map((number) => sender.bus.publish(channel, number)));
  const [ready, healthy] = [away.next("ready"), away.next("healthy")];
  away.proxy.thaw();
  await Promise.all([ready, healthy, ...published]);
  await sender.bus.publish(channel, "the end");
  await away.bus.publish(`${channel}-back`, "the end");
  await inbox.find("the end", (message) => message === "the end");
  await remote.find("the end", (message) => message === "the end");
  t.deepEqual(inbox.items, ["1", "2", "3", "the end"]);
  t.deepEqual(firstOfEach(remote), ["1", "2", "3", "the end"]);
});

test.serial("a broker that takes messages and confirms none is given up, and they are sent again", async (t) => {
  const channel = ownChannel();
  const away = await openProxied(t, { heartbeatInterval: 300 });
  const inbox = await open(t).listen(channel);
  await away.bus.publish(channel, "before");
  const reconnecting = away.next("reconnecting");
  away.proxy.freeze();
  const published = away.bus.publish(channel, "during");
  await reconnecting;
  away.proxy.thaw();
  await published;
  await inbox.find("the message", (message) => message === "during");
  t.deepEqual(firstOfEach(inbox), ["before", "during"]);
});

test.serial("what was deleted before it was read is counted and told, and the rest is read", async (t) => {
  const channel = ownChannel();
  const away = await openProxied(t, { heartbeatInterval: 60_000 });
  const sender = open(t);
  const inbox = await away.listen(channel);
  // The first record is the beat of the bus itself.
  await away.next("healthy");
  const lost = away.next("reconnecting");
  await away.proxy.cut();
  await lost;
  const meanwhile = Array.from({ length: 10 }, (_, number) => String(number));
  for (const number of meanwhile) {
    await sender.bus.publish(channel, number);
  }
  await kafkaAdmin(t, t.context.kafka).deleteRecords({
    topics: [{ name: channel, partitions: [{ partition: 0, offset: 7n }] }],
  });
  const gap = away.next("error", ({ error }) => error.message.includes("deleted"));
  await away.proxy.restore();
  t.regex((await gap).error.message, /6 records of partition 0 were deleted before they were read/);
  await inbox.find("the last", (number) => number === "9");
  t.deepEqual(inbox.items, ["6", "7", "8", "9"]);
});

test.serial("a process that stood still reads on where it was, and nothing is doubled", async (t) => {
  const channel = ownChannel();
  const [blocked, sender] = [open(t, { heartbeatInterval: 1_000 }), open(t, { heartbeatInterval: 1_000 })];
  const inbox = await blocked.listen(channel);
  const count = countUp(t, sender, channel);
  await inbox.find("traffic", () => true);
  const until = performance.now() + 3_000;
  while (performance.now() < until) {
    // Neither timers nor sockets.
  }
  const sent = await count.stop();
  await inbox.find("the last", (number) => number === sent.at(-1));
  t.deepEqual(inbox.items, sent);
});

test.serial("a broker that is not there yet: what is published waits, and arrives when it comes", async (t) => {
  const broker = await startKafka(t);
  await broker.crash();
  const { bus, next } = openBus(t, kafkaBus({ url: broker.url }));
  const error = next("error");
  const published = bus.publish(ownChannel(), "early");
  const subscribed = bus.subscribe(ownChannel(), () => {});
  const { message, code } = (await error).error;
  t.is(code, "BRIDGE_BROKER_UNAVAILABLE");
  t.regex(message, new RegExp(`Kafka at 127\\.0\\.0\\.1:${broker.port}: connect ECONNREFUSED`));
  await broker.start();
  await Promise.all([published, subscribed]);
  t.pass();
});

test.serial("of several brokers, one that is not there does not keep the bus away", async (t) => {
  const dead = await freePort();
  const { bus } = openBus(t, kafkaBus({ url: `kafka://127.0.0.1:${dead},127.0.0.1:${t.context.kafka.port}` }));
  await bus.publish(ownChannel(), "hello");
  t.pass();
});

for (const [when, port] of [
  ["with a broker", undefined],
  ["without one", freePort],
] as const) {
  test.serial(`after close() the process ends by itself, ${when}`, async (t) => {
    const url = `kafka://127.0.0.1:${port === undefined ? t.context.kafka.port : await port()}`;
    const script = `
      const { kafkaBus } = await import(${JSON.stringify(moduleUrl("src/bus/kafka/kafka-bus.ts").href)});
      const bus = kafkaBus({ url: ${JSON.stringify(url)} });
      const first = new Promise((resolve) =>
        bus.onStatus(({ type }) => ["ready", "reconnecting"].includes(type) && resolve()));
      const subscribed = bus.subscribe("ending", () => {}).catch(({ code }) => code);
      bus.publish("ending", "x").catch(() => {});
      await first;
      await bus.close();
      console.log(await subscribed);`;
    const program = startScript(t, script);
    t.is(await program.exited(), 0);
    t.deepEqual(program.stdout.items, [port === undefined ? "undefined" : "BRIDGE_CLOSED"]);
  });
}
