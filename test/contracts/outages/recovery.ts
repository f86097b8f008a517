import type { TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { untilHosts } from "../../helpers/node-hosts.js";
import { nextStatus } from "../../helpers/open-bus.js";
import { returningClient } from "../../helpers/returning-client.js";
import type { OutageBroker } from "./outage-broker.js";

const RECOVERY = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };

/** From this attempt on, the pauses between two attempts are as long as they get. */
const LONGEST_PAUSES = 6;

/** What a host missed itself, no client of it is told to have recovered. */
export function testRecovery<Broker extends RunningBroker>(test: TestFn<Broker>, broker: OutageBroker<Broker>): void {
  test.serial("a client that leaves its host between two attempts to reconnect starts anew", async (t) => {
    const channel = ownChannel();
    const { proxy, url } = await broker.startNetwork(t, t.context);
    const host = await startNodeHost(t, url, { channel }, RECOVERY);
    const other = await startNodeHost(t, t.context.url, { channel }, RECOVERY);
    await Promise.all([untilHosts(host, 2), untilHosts(other, 2)]);
    const [client, witness] = [returningClient(t), returningClient(t)];
    await Promise.all([client.comeTo(host.url), witness.comeTo(other.url)]);

    const pausing = nextStatus(host, "reconnecting", ({ attempt }) => attempt === LONGEST_PAUSES);
    await proxy.cut();
    await pausing;
    host.io.emit("to its own clients");
    await client.until("to its own clients");
    await client.leave((sid) => !host.io.sockets.sockets.has(sid));
    other.io.emit("missed");
    await witness.until("missed");
    const ready = nextStatus(host, "ready");
    await proxy.restore();
    await ready;

    t.false(await client.comeTo(host.url));
  });
}
