import type { ExecutionContext, TestFn } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { type NodeHost, ownChannel } from "../../../src/testing/node-host.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { untilHosts } from "../../helpers/node-hosts.js";
import { startNode } from "../../helpers/process.js";
import { returningClient } from "../../helpers/returning-client.js";
import { modulePath } from "../../helpers/run-from.js";

const HEARTBEAT_MS = 200;

/** Far longer than it takes to notice that a host is gone. */
const LONG_MS = 20_000;

/** A Node host in a process of its own. */
async function startHostProcess(t: ExecutionContext, url: string, channel: string) {
  const args = [modulePath("test/programs/node-host.ts"), url, channel, String(HEARTBEAT_MS)];
  const { child, stdout } = startNode(t, args);
  return { child, url: await stdout.find("the address of a host", (line) => line.startsWith("http:")) };
}

const startHost = (t: ExecutionContext, url: string, channel: string): Promise<NodeHost> =>
  startNodeHost(t, url, { channel, heartbeatInterval: HEARTBEAT_MS, requestsTimeout: LONG_MS, pythonHosts: "never" });

async function startWithChild(t: ExecutionContext, url: string) {
  const channel = ownChannel();
  const [host, process] = await Promise.all([startHost(t, url, channel), startHostProcess(t, url, channel)]);
  await untilHosts(host, 2);
  return { channel, host, process };
}

export function testFaults<Broker extends RunningBroker>(test: TestFn<Broker>): void {
  test.serial("a host that is killed is not waited for any more", async (t) => {
    const { host, process } = await startWithChild(t, t.context.url);
    const [own, there] = await Promise.all([connectClient(t, host.url), connectClient(t, process.url)]);
    await Promise.all([own.acknowledgeWith("own"), there.neverAcknowledge()]);
    t.is((await host.io.fetchSockets()).length, 2);
    const asked = host.io.timeout(LONG_MS).emitWithAck("ask");
    await there.until("ask");
    process.child.kill("SIGSTOP");
    const fetched = host.io.fetchSockets();
    const servers = host.io.serverSideEmitWithAck("who");
    const begun = performance.now();
    process.child.kill("SIGKILL");
    t.deepEqual(
      (await fetched).map(({ id }) => id),
      [own.sid],
    );
    t.deepEqual(await servers, []);
    t.deepEqual(await asked, ["own"]);
    t.true(performance.now() - begun < LONG_MS / 2);
    t.is(await host.io.of("/").adapter.serverCount(), 1);
  });

  test.serial("a host that is suspended is given up, and found again when it resumes", async (t) => {
    const { host, process } = await startWithChild(t, t.context.url);
    process.child.kill("SIGSTOP");
    await untilHosts(host, 1);
    process.child.kill("SIGCONT");
    await untilHosts(host, 2);
    t.deepEqual(await host.io.serverSideEmitWithAck("who"), [process.child.pid]);
  });

  test.serial("a host whose event loop was blocked does not give up the others", async (t) => {
    const { host, process } = await startWithChild(t, t.context.url);
    const resumed = performance.now() + 10 * HEARTBEAT_MS;
    while (performance.now() < resumed) {
      // As a long computation would.
    }
    t.is(host.adapter.stats().nodeHosts, 2);
    t.deepEqual(await host.io.serverSideEmitWithAck("who"), [process.child.pid]);
  });

  test.serial("hosts that join and crash under load leave no request pending", async (t) => {
    const channel = ownChannel();
    const host = await startHost(t, t.context.url, channel);
    const own = await connectClient(t, host.url);
    await own.acknowledgeWith("own");
    const asked: Promise<unknown[]>[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        asked.push(host.io.timeout(LONG_MS).emitWithAck("ask"), host.io.fetchSockets());
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    for (let round = 0; round < 4; round += 1) {
      const { child, url } = await startHostProcess(t, t.context.url, channel);
      await untilHosts(host, 2);
      await connectClient(t, url);
      child.kill("SIGKILL");
      await untilHosts(host, 1);
    }
    isOver = true;
    await load;
    const ends = await withTimeout("all answers", Promise.allSettled(asked));
    t.deepEqual(
      ends.filter(({ status }) => status === "rejected"),
      [],
    );
    t.is(host.adapter.stats().pendingAcks, 0);
  });

  test.serial("a restart of the broker delays fetchSockets(), and no more", async (t) => {
    const channel = ownChannel();
    const hosts = await Promise.all([startHost(t, t.context.url, channel), startHost(t, t.context.url, channel)]);
    await Promise.all(hosts.map((host) => untilHosts(host, 2)));
    const [first, second] = hosts as [NodeHost, NodeHost];
    const clients = await Promise.all([connectClient(t, first.url), connectClient(t, second.url)]);
    await t.context.crash();
    const fetched = first.io.fetchSockets();
    await t.context.start();
    t.deepEqual((await fetched).map(({ id }) => id).sort(), clients.map(({ sid }) => sid).sort());
    t.is(first.adapter.stats().nodeHosts, 2);
  });

  test.serial(
    "a client that was disconnected during an outage starts anew; one that disconnects after it resumes",
    async (t) => {
      const recovery = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };
      const channel = ownChannel();
      const host = await startNodeHost(t, t.context.url, { channel }, recovery);
      const client = returningClient(t);
      await client.comeTo(host.url);
      const leave = () => client.leave((sid) => !host.io.sockets.sockets.has(sid));
      host.io.emit("before");
      await client.until("before");
      await leave();
      await t.context.crash();
      await host.statuses.find("the outage", ({ type }) => type === "reconnecting");
      const { length } = host.statuses.items;
      await t.context.start();
      await host.statuses.find(
        "the broker",
        (status) => status.type === "ready" && host.statuses.items.indexOf(status) >= length,
      );
      host.io.emit("missed");
      t.false(await client.comeTo(host.url));

      host.io.emit("heard");
      await client.until("heard");
      await leave();
      host.io.emit("missed again");
      t.true(await client.comeTo(host.url));
      host.io.emit("the end");
      await client.until("the end");
      t.deepEqual(client.received, [["before"], ["heard"], ["missed again"], ["the end"]]);
    },
  );

  test.serial("while the broker is away, requests to other hosts end with their timeout", async (t) => {
    const channel = ownChannel();
    const options = { channel, heartbeatInterval: HEARTBEAT_MS, requestsTimeout: 500 };
    const hosts = await Promise.all([
      startNodeHost(t, t.context.url, options),
      startNodeHost(t, t.context.url, options),
    ]);
    await Promise.all(hosts.map((host) => untilHosts(host, 2)));
    const [{ io, adapter }] = hosts;
    await t.context.crash();
    const fetched = t.throwsAsync(io.fetchSockets(), {
      code: "BRIDGE_TIMEOUT",
      message: "timeout reached: missing 1 responses",
    });
    const answered = t.throwsAsync(io.serverSideEmitWithAck("who"), { code: "BRIDGE_TIMEOUT" });
    await Promise.all([fetched, answered]);
    // No host is given up because none can be received.
    t.is(adapter.stats().nodeHosts, 2);
    await t.context.start();
    t.is((await withTimeout("an answer", untilFetched(io))).length, 0);
  });
}

/** Retries until the broker is back. */
async function untilFetched(io: NodeHost["io"]): Promise<readonly unknown[]> {
  for (;;) {
    try {
      return await io.fetchSockets();
    } catch (error) {
      if ((error as { code?: string }).code !== "BRIDGE_TIMEOUT") {
        throw error;
      }
    }
  }
}
