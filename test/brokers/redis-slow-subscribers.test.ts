import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import type { Bus } from "../../src/bus/bus.js";
import { openBus } from "../../src/bus/open.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { openBus as watch } from "../helpers/open-bus.js";
import { startProxy } from "../helpers/proxy.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

const MEBIBYTE = 1024 * 1024;

/** Twice what Redis keeps for a subscriber. */
const COUNT = 64;

const RATE = 24 * MEBIBYTE;

const TIMEOUT_MS = 60_000;

/** Messages that fill Redis' buffer, each with its number before it. */
const publishAll = (bus: Bus, channel: string, bytes: number) =>
  Array.from({ length: COUNT }, (_, number) => bus.publish(channel, `${number} ${"x".repeat(bytes)}`));

async function listen(bus: Bus, channel: string) {
  const numbers = new Inbox<number>();
  await bus.subscribe(channel, (payload) => {
    numbers.add(Number.parseInt(Buffer.from(payload.subarray(0, 10)).toString(), 10));
  });
  return { numbers, untilLast: () => numbers.find("the last", (number) => number === COUNT - 1, TIMEOUT_MS) };
}

const EVERY = Array.from({ length: COUNT }, (_, number) => number);

for (const [name, prefix, bytes] of [
  ["Redis", "", MEBIBYTE],
  // Its format makes a message a third larger.
  ["Kombu over Redis", "kombu+", 0.75 * MEBIBYTE],
] as const) {
  test.serial(`${name}: a subscriber that reads slowly is waited for, and loses nothing`, async (t) => {
    const channel = ownChannel();
    const proxy = await startProxy(t, t.context.port);
    const sender = watch(t, openBus(`${prefix}${t.context.url}`, channel, {}));
    const slow = watch(t, openBus(`${prefix}redis://127.0.0.1:${proxy.port}`, channel, {}));
    const { numbers, untilLast } = await listen(slow.bus, channel);
    proxy.throttle(RATE);
    await Promise.all([...publishAll(sender.bus, channel, bytes), untilLast()]);
    t.deepEqual(numbers.items, EVERY);
    t.deepEqual(slow.errors(), []);
  });

  test.serial(`${name}: without the right to CLIENT, a bus that reads slowly itself loses nothing`, async (t) => {
    const channel = ownChannel();
    const admin = new Redis(t.context.url);
    cleanUp(t, () => admin.disconnect());
    await admin.call("ACL", "SETUSER", "plain", "on", ">pw", "+@all", "-client", "allchannels", "allkeys");
    const proxy = await startProxy(t, t.context.port);
    const bus = watch(t, openBus(`${prefix}redis://plain:pw@127.0.0.1:${proxy.port}`, channel, {}));
    const { numbers, untilLast } = await listen(bus.bus, channel);
    proxy.throttle(RATE);
    await Promise.all([...publishAll(bus.bus, channel, bytes), untilLast()]);
    t.deepEqual(numbers.items, EVERY);
    t.deepEqual(bus.errors(), []);
  });
}

test.serial("a Python host that reads slowly is waited for, and its clients get everything", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const python = await startPeer(t, "threaded", `redis://127.0.0.1:${proxy.port}`, channel);
  const host = await startNodeHost(t, t.context.url, { channel });
  const client = await connectClient(t, python.url);
  proxy.throttle(RATE);
  const text = "x".repeat(MEBIBYTE);
  for (const number of EVERY) {
    host.io.emit("number", number, text);
  }
  await client.find(["number", COUNT - 1, text]);
  t.deepEqual(
    client.received().map(([, number]) => number),
    EVERY,
  );
});

test.serial("a subscriber that reads nothing at all does not hold up the others", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const [sender, other] = [t.context.url, t.context.url].map((url) => watch(t, openBus(url, channel, {})));
  const stuck = watch(t, openBus(`redis://127.0.0.1:${proxy.port}`, channel, { heartbeatInterval: TIMEOUT_MS }));
  const { numbers, untilLast } = await listen((other as typeof stuck).bus, channel);
  await listen(stuck.bus, channel);
  proxy.freeze();
  await Promise.all([...publishAll((sender as typeof stuck).bus, channel, MEBIBYTE), untilLast()]);
  t.deepEqual(numbers.items, EVERY);
  // Redis has disconnected it, which it learns now.
  const error = stuck.next("error");
  proxy.thaw();
  t.regex((await error).error.message, /Redis closed the subscriber's connection/);
});

test.serial("a subscriber of others that never catches up does not hold up the fleet for ever", async (t) => {
  const channel = ownChannel();
  const proxy = await startProxy(t, t.context.port);
  const stranger = new Redis(`redis://127.0.0.1:${proxy.port}`);
  const others = new Redis(t.context.url);
  cleanUp(t, () => {
    stranger.disconnect();
    others.disconnect();
  });
  await stranger.subscribe("unrelated");
  proxy.throttle(4 * MEBIBYTE);
  const chunk = "x".repeat(MEBIBYTE / 2);
  // It reads half a mebibyte at a time, and gets as much as it reads.
  for (let count = 0; count < 24; count += 1) {
    await others.publish("unrelated", chunk);
  }
  stranger.on("message", () => void others.publish("unrelated", chunk).catch(() => {}));
  const bus = watch(t, openBus(t.context.url, channel, {}));
  const { numbers, untilLast } = await listen(bus.bus, channel);
  await Promise.all([...publishAll(bus.bus, channel, 64 * 1_024), untilLast()]);
  t.deepEqual(numbers.items, EVERY);
});
