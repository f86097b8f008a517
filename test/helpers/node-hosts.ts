import type { ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import type { AdapterOptions, BridgeStats } from "../../src/index.js";
import type { TestClient } from "../../src/testing/clients.js";
import { type NodeHost, ownChannel } from "../../src/testing/node-host.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { connectClient } from "./clients.js";
import { startNodeHost } from "./node-host.js";

/** Resolves when the statistics of the host are as expected. */
export async function untilStats(
  what: string,
  { adapter }: NodeHost,
  isSo: (stats: BridgeStats) => boolean,
): Promise<void> {
  const become = async () => {
    while (!isSo(adapter.stats())) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await withTimeout(what, become());
}

/** Resolves when the host knows so many Node hosts, itself included. */
export const untilHosts = (host: NodeHost, count: number): Promise<void> =>
  untilStats(`${count} hosts to be known`, host, ({ nodeHosts }) => nodeHosts === count);

/** Node hosts on a channel of their own that know each other. */
export async function startNodeHosts(
  t: ExecutionContext,
  url: string,
  count: number,
  options: AdapterOptions = {},
  serverOptions: Partial<ServerOptions> = {},
): Promise<readonly NodeHost[]> {
  const channel = ownChannel();
  const hosts = await Promise.all(
    Array.from({ length: count }, () =>
      startNodeHost(t, url, { channel, heartbeatInterval: 500, ...options }, serverOptions),
    ),
  );
  await Promise.all(hosts.map((host) => untilHosts(host, count)));
  return hosts;
}

/** Three of them, with a client each. */
export async function startThreeHosts(t: ExecutionContext, url: string, options: AdapterOptions = {}) {
  const hosts = (await startNodeHosts(t, url, 3, options)) as readonly [NodeHost, NodeHost, NodeHost];
  const clients = (await Promise.all(hosts.map((host) => connectClient(t, host.url)))) as [
    TestClient,
    TestClient,
    TestClient,
  ];
  let rounds = 0;
  /** All that the hosts have published until then has arrived, on every host. */
  const settled = async () => {
    rounds += 1;
    const round = rounds;
    for (const [index, { io }] of hosts.entries()) {
      io.emit("settled", index, round);
    }
    for (const client of clients) {
      await Promise.all(hosts.map((_, index) => client.find(["settled", index, round])));
    }
  };
  return { hosts, clients, settled };
}
