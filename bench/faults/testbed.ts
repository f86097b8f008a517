import { randomUUID } from "node:crypto";
import type { HostKind } from "../../src/testing/python-peer.js";
import { ASYNC_BUSES, type BusName } from "./names.js";
import type { Network } from "./network.js";
import { LOOPBACK } from "./network.js";
import { type PythonHost, type PythonSenders, startPythonHost, startPythonSenders } from "./python-programs.js";
import { TestedHost } from "./tested-host.js";
import { Watch } from "./numbered-client.js";

/** Everything but the broker, with one client on each host. */
export interface Fleet {
  readonly host: TestedHost;
  readonly python: PythonSenders;
  readonly clients: {
    readonly ofHost: Watch;
    readonly ofPython: Watch;
    /** Where there is such a host. */
    readonly ofAsyncPython: Watch | undefined;
    readonly ofOther: Watch;
  };
  end(): Promise<void>;
}

export interface FleetOptions {
  readonly bus: BusName;
  readonly url: string;
  readonly network: Network;
  readonly rate: number;
  readonly heartbeatInterval: number;
}

/** A fleet on a channel of its own. Resolves when every host hears it and every client is connected. */
export async function startFleet({ bus, url, network, rate, heartbeatInterval }: FleetOptions): Promise<Fleet> {
  const channel = `faults-${randomUUID()}`;
  const releases: (() => unknown)[] = [];
  const end = async (): Promise<void> => {
    for (const release of releases.splice(0).reverse()) {
      await release();
    }
  };
  try {
    const settings = { url, channel, heartbeatInterval };
    const host = new TestedHost("node", settings, network);
    const other = new TestedHost("other node", settings, LOOPBACK);
    releases.push(
      () => other.end(),
      () => host.end(),
    );
    await Promise.all([host.start(), other.start()]);
    const startPython = async (kind: HostKind): Promise<PythonHost> => {
      const pythonHost = await startPythonHost(kind, url, channel);
      releases.push(() => pythonHost.end());
      return pythonHost;
    };
    const pythonHost = await startPython("threaded");
    const asyncHost = ASYNC_BUSES.includes(bus) ? await startPython("asgi") : undefined;
    const python = await startPythonSenders(url, channel, rate);
    releases.push(() => python.end());
    const watch = (at: string): Watch => {
      const client = new Watch(at);
      releases.push(() => client.close());
      return client;
    };
    const clients = {
      ofHost: watch(host.url),
      ofPython: watch(pythonHost.url),
      ofAsyncPython: asyncHost && watch(asyncHost.url),
      ofOther: watch(other.url),
    };
    await Promise.all(Object.values(clients).map((client) => client?.connected()));
    return { host, python, clients, end };
  } catch (error) {
    await end();
    throw error;
  }
}
