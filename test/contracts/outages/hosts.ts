import type { ExecutionContext, TestFn } from "ava";
import { Server } from "socket.io";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import type { Bus } from "../../../src/bus/bus.js";
import { openBus } from "../../../src/bus/open.js";
import { type AdapterOptions, createAdapter } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { untilHosts } from "../../helpers/node-hosts.js";
import { nextStatus } from "../../helpers/open-bus.js";
import { startPeer } from "../../helpers/python.js";
import { firstArrivals, startTraffic } from "../../helpers/traffic.js";
import { type OutageBroker, untilLossKnown, untilOutageKnown } from "./outage-broker.js";

const numbers = (events: readonly (readonly unknown[])[]) =>
  events.filter(([name]) => name === "number").map(([, number]) => number as number);

/** @returns resolves when the broker has confirmed all that was published until then, heartbeats of hosts included */
function watchConfirms(bus: Bus): () => Promise<unknown> {
  const publish = bus.publish.bind(bus);
  const published: Promise<void>[] = [];
  bus.publish = (...message) => {
    const confirmed = publish(...message);
    published.push(confirmed);
    return confirmed;
  };
  return () => Promise.allSettled(published);
}

/** What the clients of a host see of an outage. */
export function testHosts<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  const arrived = (events: readonly (readonly unknown[])[]) =>
    broker.mayRepeat ? firstArrivals(numbers(events)) : numbers(events);

  /** A host behind a network that can fail, and another one beside it. */
  async function startPair(t: ExecutionContext<Broker>, options: AdapterOptions) {
    const channel = ownChannel();
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const { outage, heartbeatInterval } = options;
    const bus = openBus(url, channel, { outage, heartbeatInterval });
    const confirmed = watchConfirms(bus);
    const host = await startNodeHost(t, bus, { channel, ...options });
    const other = await startNodeHost(t, t.context.url, { channel });
    await Promise.all([untilHosts(host, 2), untilHosts(other, 2)]);
    const [own, remote] = await Promise.all([connectClient(t, host.url), connectClient(t, other.url)]);
    return { channel, confirmed, proxy, host, other, own, remote };
  }

  test.serial(
    "a crash and restart under emits: own clients receive them at once, remote clients in order",
    async (t) => {
      const channel = ownChannel();
      const sender = await startNodeHost(t, t.context.url, { channel });
      const receiver = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, "threaded", t.context.url, channel);
      const [own, remote] = await Promise.all([connectClient(t, sender.url), connectClient(t, receiver.url)]);

      const traffic = startTraffic(t, (number) => {
        sender.io.emit("number", number);
      });
      await remote.find(["number", 10]);
      const lost = Promise.all([nextStatus(sender, "reconnecting"), nextStatus(receiver, "reconnecting")]);
      await t.context.crash();
      await lost;
      const atCrash = traffic.next;

      // Local delivery goes on.
      sender.io.emit("during");
      await own.until("during");

      const back = Promise.all([nextStatus(sender, "ready"), nextStatus(receiver, "ready")]);
      await t.context.start();
      await back;
      const atRecovery = traffic.next;
      // The Python host comes back in its own time; that its emit arrives proves that both read the channel again.
      await python.request("emit", { event: "after" });
      await own.until("after");
      const sent = await traffic.stop();
      sender.io.emit("the end");

      t.deepEqual(numbers(await own.until("the end")), sent);
      t.deepEqual(arrived(await remote.until("the end")), sent);
      t.true(atRecovery > atCrash, "traffic went on during the outage");
      t.is(sender.adapter.stats().dropped, 0);
    },
  );

  test.serial("a host counts what it drops", async (t) => {
    const { confirmed, proxy, host, remote } = await startPair(t, {
      outage: { maxMessages: 3 },
      heartbeatInterval: 60_000,
    });
    host.io.emit("before");
    await remote.until("before");
    await confirmed();
    const outage = untilOutageKnown(host);
    await proxy.cut();
    await outage;
    host.io.emit("number", 0);
    await untilLossKnown(host);
    const dropped = nextStatus(host, "dropped");
    for (const number of [1, 2, 3, 4, 5]) {
      host.io.emit("number", number);
    }
    const { reason, count } = await dropped;
    t.is(reason, "count");
    // Not every client library has noticed the loss when the first one is published, which is kept besides then.
    t.true(count === 3 || count === 2, `${count} dropped`);
    t.is(host.adapter.stats().dropped, count);
    await proxy.restore();
    await remote.find(["number", 5]);
    host.io.emit("the end");
    t.deepEqual(numbers(await remote.until("the end")), [0, 1, 2, 3, 4, 5].slice(count));
  });

  test.serial("a host whose connections carry nothing reports it, and replaces them", async (t) => {
    const { channel, proxy, host, other, own, remote } = await startPair(t, { heartbeatInterval: 200 });
    await nextStatus(host, "healthy");
    const stale = nextStatus(host, "stale", (status) => status.channel === channel);
    proxy.freeze();
    await stale;
    t.is(host.adapter.stats().lag, null);
    for (const number of [1, 2, 3]) {
      host.io.emit("number", number);
    }
    const [ready, healthy] = [nextStatus(host, "ready"), nextStatus(host, "healthy")];
    proxy.thaw();
    await Promise.all([ready, healthy]);
    other.io.emit("after");
    await own.until("after");
    host.io.emit("the end");
    t.deepEqual(numbers(await remote.until("the end")), [1, 2, 3]);
    t.true(host.log.some((line) => line.includes("received nothing")));
    t.false(
      host.log.some((line) => line.includes("closed the subscriber's connection")),
      "the broker did not disconnect it",
    );
  });

  test.serial("ready() waits for the broker", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    await proxy.cut();
    const start = () => {
      const adapter = createAdapter(url, { channel: ownChannel(), logger: false });
      const io = new Server(0, { adapter });
      cleanUp(t, () => io.close());
      return { adapter, io };
    };
    const [patient, closed] = [start(), start()];
    const refused = t.throwsAsync(closed.adapter.ready(), { code: "BRIDGE_CLOSED" });
    await closed.io.close();
    await refused;
    const ready = patient.adapter.ready();
    await proxy.restore();
    await ready;
  });

  test.serial("a server that is closed during an outage drops what waits", async (t) => {
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const host = await startNodeHost(t, url, { channel: ownChannel() });
    const outage = untilOutageKnown(host);
    await proxy.cut();
    await outage;
    host.io.emit("never published");
    await host.io.close();
    const [dropped, closed] = host.statuses.items.slice(-2);
    t.like(dropped, { type: "dropped", reason: "closed", count: 1 });
    t.deepEqual(closed, { type: "closed" });
  });
}
