import { randomUUID } from "node:crypto";
import type { HostKind } from "../../src/testing/python-peer.js";
import { ASYNC_BUSES, type BusName } from "./names.js";
import type { Network } from "./network.js";
import { LOOPBACK } from "./network.js";
import { NumberedClient } from "./numbered-client.js";
import { type PythonHost, type PythonSenders, startPythonHost, startPythonSenders } from "./python-programs.js";
import { TestedHost } from "./tested-host.js";

/** Everything but the broker, with one client on each host. */
export interface Testbed {
  readonly channel: string;
  readonly host: TestedHost;
  readonly python: PythonSenders;
  readonly clients: {
    readonly ofHost: NumberedClient;
    readonly ofPython: NumberedClient;
    /** Where python-socketio has an asynchronous manager. */
    readonly ofAsyncPython: NumberedClient | undefined;
    readonly ofOther: NumberedClient;
  };
  end(): Promise<void>;
}

export interface TestbedOptions {
  readonly bus: BusName;
  readonly url: string;
  /** For aio-pika. @default url */
  readonly asyncUrl?: string | undefined;
  readonly network: Network;
  readonly rate: number;
  readonly heartbeatInterval: number;
}

/** Starts all hosts on a channel of their own. Resolves when every host is subscribed and every client connected. */
export async function startTestbed(options: TestbedOptions): Promise<Testbed> {
  const { bus, url, asyncUrl = url, network, rate, heartbeatInterval } = options;
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
    const startPython = async (kind: HostKind, queue: string): Promise<PythonHost> => {
      const pythonHost = await startPythonHost(kind, queue, channel);
      releases.push(() => pythonHost.end());
      return pythonHost;
    };
    const pythonHost = await startPython("threaded", url);
    const asyncHost = ASYNC_BUSES.includes(bus) ? await startPython("asgi", asyncUrl) : undefined;
    const python = await startPythonSenders(url, channel, rate);
    releases.push(() => python.end());
    const watch = (at: string): NumberedClient => {
      const client = new NumberedClient(at);
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
    return { channel, host, python, clients, end };
  } catch (error) {
    await end();
    throw error;
  }
}
