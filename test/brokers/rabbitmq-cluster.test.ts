import { launchRabbitmqCluster, type TestRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { openAt } from "../contracts/outages/outage-broker.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { firstArrivals, numbersIn, startTraffic } from "../helpers/traffic.js";

const test = testWithBroker(() => launchRabbitmqCluster({ permitsTransientQueues: false }));

/** All nodes. A bus connects to the first one that answers. */
const urlFrom = (nodes: readonly TestRabbitmq[], start: number): string =>
  [...nodes.slice(start), ...nodes.slice(0, start)].map(({ url }) => url).join(";");

test.serial(
  "the node of a host is killed under traffic: what the host misses is told, what it sends arrives",
  async (t) => {
    const { nodes } = t.context;
    const [there, back] = [ownChannel(), ownChannel()];
    const [near, far] = [openAt(t, urlFrom(nodes, 0)), openAt(t, urlFrom(nodes, 1))];
    // On the same node as the first, with a queue that is lost as well; it takes some attempts more to find another one.
    const nobody = `amqp://127.0.0.1:${await freePort()}`;
    const neighbour = openAt(t, [nodes[0]?.url, nobody, nobody, nobody, nodes[1]?.url].join(";"));
    const [atNear, atFar, atNeighbour] = [
      await near.listen(back),
      await far.listen(there),
      await neighbour.listen(there),
    ];
    const toNear = startTraffic(t, (number) => far.bus.publish(back, String(number)));
    const toFar = startTraffic(t, (number) => near.bus.publish(there, String(number)));
    await Promise.all([atNear, atFar].map((inbox) => inbox.find("traffic", (text) => text === "50")));

    const ready = near.next("ready");
    await nodes[0]?.crash();
    const atCrash = toFar.next;
    await ready;
    const atReady = toNear.next;
    const [sentToNear, sentToFar] = [await toNear.stop(), await toFar.stop()];
    await near.bus.publish(back, "the end");
    await near.bus.publish(there, "the end");
    const all = [atNear, atFar, atNeighbour];
    await Promise.all(all.map((inbox) => inbox.find("the end", (text) => text === "the end")));
    t.deepEqual(firstArrivals(numbersIn(atFar)), sentToFar);
    const heardByNeighbour = new Set(numbersIn(atNeighbour));
    t.deepEqual(
      sentToFar.filter((number) => number >= atCrash && !heardByNeighbour.has(number)),
      [],
      "what is sent after the crash waits for hosts that lost the same node",
    );

    const heard = new Set(numbersIn(atNear));
    const missed = sentToNear.filter((number) => !heard.has(number));
    t.true((missed.at(-1) ?? 0) < atReady, "nothing is missed once the host is ready");
    t.regex(
      near.errors().join("\n"),
      new RegExp(`what others published meanwhile is lost to this host on "${back}": .*down or inaccessible`),
    );
    const dropped = [near, far].flatMap(({ statuses }) => statuses.items.filter(({ type }) => type === "dropped"));
    t.deepEqual(dropped, [], "a queue that is down costs only its own host anything");
    await nodes[0]?.start();
  },
);

test.serial(
  "the node that holds the queue is killed while its host is connected to another: that is told",
  async (t) => {
    const [other, holder] = t.context.nodes as [TestRabbitmq, TestRabbitmq, TestRabbitmq];
    const proxy = await startProxy(t, holder.port);
    const { bus, listen, next, errors } = openAt(t, `amqp://127.0.0.1:${proxy.port}//;${other.url}`);
    const channel = ownChannel();
    const inbox = await listen(channel);
    const moved = next("ready");
    await proxy.cut();
    await moved;
    await bus.publish(channel, "over the other node");
    await inbox.find("the message", (text) => text === "over the other node");

    const ready = next("ready");
    await holder.crash();
    await ready;
    t.regex(errors().join("\n"), new RegExp(`lost to this host on "${channel}": .*down or inaccessible`));
    await bus.publish(channel, "from a new queue");
    await inbox.find("the message", (text) => text === "from a new queue");
  },
);
